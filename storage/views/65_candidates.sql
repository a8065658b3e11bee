CREATE OR REPLACE VIEW candidates AS
SELECT
    runs.map,
    runs.as_of,
    candidate.rank,
    candidate.asset_id,
    candidate.symbol,
    candidate.name,
    candidate.outcome,
    candidate.reason,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN (
    SELECT run_id, rank, asset_id, symbol, name, 'mapped' AS outcome, NULL AS reason
    FROM store.run_assets
    UNION ALL
    SELECT run_id, rank, asset_id, symbol, name, 'excluded' AS outcome, reason
    FROM store.run_exclusions
    UNION ALL
    SELECT run_id, rank, asset_id, symbol, name, 'no place' AS outcome, NULL AS reason
    FROM store.run_cut
) AS candidate USING (run_id)
WHERE runs.is_newest;

COMMENT ON VIEW candidates IS 'All assets that were looked at for each day''s map, and what became of each.';
COMMENT ON COLUMN candidates.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN candidates.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN candidates.rank IS 'By market cap or turnover, or by name where neither is known; 1 is the largest';
COMMENT ON COLUMN candidates.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN candidates.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN candidates.name IS 'A label';
COMMENT ON COLUMN candidates.outcome IS 'mapped, excluded, or no place: the map was full of larger ones';
COMMENT ON COLUMN candidates.reason IS 'Of an excluded one, the word for it; its sentence stands in exclusions';
COMMENT ON COLUMN candidates.run_id IS 'The run that says so';
