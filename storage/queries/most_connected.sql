-- Which assets hold the market together? Strength is the sum of the sizes of an asset's edges.
SELECT map, asset_id, any_value(symbol) AS symbol, count(*) AS n_edges,
    sum(abs(partial_correlation)) AS strength
FROM latest_neighbours
WHERE map = 'crypto'
GROUP BY map, asset_id
ORDER BY strength DESC
LIMIT 20;
