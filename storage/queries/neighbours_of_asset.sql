-- With whom does an asset move, beyond what all others explain? Each edge is stored once, so both of
-- its ends are looked at.
WITH asked(map, symbol) AS (VALUES ('crypto', 'BTC')),
ends AS (
    SELECT map, symbol_a AS symbol, asset_id_a AS asset_id, symbol_b AS neighbour,
        asset_id_b AS neighbour_id, partial_correlation, within_cluster
    FROM latest_edges
    UNION ALL
    SELECT map, symbol_b, asset_id_b, symbol_a, asset_id_a, partial_correlation, within_cluster
    FROM latest_edges
)
SELECT ends.*
FROM asked
JOIN ends USING (map, symbol)
ORDER BY abs(partial_correlation) DESC;
