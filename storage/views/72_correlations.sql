-- The correlations of the newest runs, which alone keep them in the database, in both orders.
CREATE OR REPLACE VIEW correlations AS
WITH members AS MATERIALIZED (
    SELECT latest.map, asset.run_id, asset.as_of, asset.asset_id, asset.symbol
    FROM store.latest_run_ids AS latest
    JOIN store.run_assets AS asset USING (run_id, as_of)
),
pairs AS MATERIALIZED (
    SELECT run_id, asset_id_a, asset_id_b, correlation, partial_correlation
    FROM store.run_correlations
    UNION ALL
    SELECT run_id, asset_id_b, asset_id_a, correlation, partial_correlation
    FROM store.run_correlations
)
SELECT
    a.map,
    pair.asset_id_a,
    pair.asset_id_b,
    a.symbol AS symbol_a,
    b.symbol AS symbol_b,
    pair.correlation,
    pair.partial_correlation,
    a.as_of,
    pair.run_id
FROM pairs AS pair
JOIN members AS a ON a.run_id = pair.run_id AND a.asset_id = pair.asset_id_a
JOIN members AS b ON b.run_id = pair.run_id AND b.asset_id = pair.asset_id_b;

COMMENT ON VIEW correlations IS 'How each two assets of each map''s newest run go together, by its model; each pair in both orders.';
COMMENT ON COLUMN correlations.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN correlations.asset_id_a IS 'One asset; all of an asset''s pairs are found by it';
COMMENT ON COLUMN correlations.asset_id_b IS 'The other asset';
COMMENT ON COLUMN correlations.symbol_a IS 'Label of one asset';
COMMENT ON COLUMN correlations.symbol_b IS 'Label of the other asset';
COMMENT ON COLUMN correlations.correlation IS 'By the model, which is shrunk: -1 to 1';
COMMENT ON COLUMN correlations.partial_correlation IS 'What the two share beyond all others, -1 to 1; mostly 0, as edges are the large ones';
COMMENT ON COLUMN correlations.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN correlations.run_id IS 'The run that says so';
