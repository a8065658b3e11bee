-- Which assets hold the market together? Strength is the sum of the sizes of an asset's edges.
SELECT map, asset_id, any_value(symbol) AS symbol, count(*) AS n_edges,
    sum(abs(partial_correlation)) AS strength
FROM (
    SELECT map, asset_id_a AS asset_id, symbol_a AS symbol, partial_correlation FROM latest_edges
    UNION ALL
    SELECT map, asset_id_b, symbol_b, partial_correlation FROM latest_edges
)
WHERE map = 'crypto'
GROUP BY map, asset_id
ORDER BY strength DESC
LIMIT 20;
