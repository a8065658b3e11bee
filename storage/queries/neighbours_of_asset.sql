-- With whom does an asset move, beyond what all others explain?
WITH asked(map, symbol) AS (VALUES ('crypto', 'BTC'))
SELECT map, symbol, asset_id, neighbour, neighbour_id, partial_correlation, within_cluster
FROM asked
JOIN latest_neighbours USING (map, symbol)
ORDER BY abs(partial_correlation) DESC;
