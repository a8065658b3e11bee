CREATE OR REPLACE VIEW exclusions AS
SELECT
    runs.map,
    runs.as_of,
    excluded.asset_id,
    excluded.symbol,
    excluded.reason,
    excluded.detail,
    excluded.name,
    excluded.rank,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN store.run_exclusions AS excluded USING (run_id)
WHERE runs.is_newest;

COMMENT ON VIEW exclusions IS 'The assets that were left off the map on each day, and why.';
COMMENT ON COLUMN exclusions.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN exclusions.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN exclusions.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN exclusions.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN exclusions.name IS 'A label';
COMMENT ON COLUMN exclusions.rank IS 'Among the candidates, by market cap or turnover; 1 is the largest';
COMMENT ON COLUMN exclusions.reason IS 'One word for the kind of reason';
COMMENT ON COLUMN exclusions.detail IS 'The reason with its figures, as a sentence';
COMMENT ON COLUMN exclusions.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW latest_exclusions AS
SELECT
    latest.map,
    excluded.asset_id,
    excluded.symbol,
    excluded.reason,
    excluded.detail,
    excluded.name,
    excluded.rank,
    latest.as_of,
    latest.run_id
FROM store.latest_run_ids AS latest
JOIN store.run_exclusions AS excluded USING (run_id);

COMMENT ON VIEW latest_exclusions IS 'The assets that were left off the newest run of each map, and why.';
COMMENT ON COLUMN latest_exclusions.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_exclusions.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN latest_exclusions.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN latest_exclusions.reason IS 'One word for the kind of reason';
COMMENT ON COLUMN latest_exclusions.detail IS 'The reason with its figures, as a sentence';
COMMENT ON COLUMN latest_exclusions.name IS 'A label';
COMMENT ON COLUMN latest_exclusions.rank IS 'Among the candidates, by market cap or turnover; 1 is the largest';
COMMENT ON COLUMN latest_exclusions.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_exclusions.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW repairs AS
SELECT
    runs.map,
    runs.as_of,
    repaired.asset_id,
    repaired.symbol,
    repaired.name,
    repaired.date,
    repaired.factor,
    repaired.reason,
    repaired.detail,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN store.run_repairs AS repaired USING (run_id)
WHERE runs.is_newest;

COMMENT ON VIEW repairs IS 'The prices that were repaired in memory for a map (splits, redenominations). Stored prices stay as the source gave them.';
COMMENT ON COLUMN repairs.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN repairs.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN repairs.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN repairs.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN repairs.name IS 'A label';
COMMENT ON COLUMN repairs.date IS 'The first day with prices on the new scale';
COMMENT ON COLUMN repairs.factor IS 'Prices before date were multiplied by it; 1 where a move only may be a split';
COMMENT ON COLUMN repairs.reason IS 'One word for the kind of reason';
COMMENT ON COLUMN repairs.detail IS 'The reason with its figures, as a sentence';
COMMENT ON COLUMN repairs.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW latest_repairs AS
SELECT
    latest.map,
    repaired.asset_id,
    repaired.symbol,
    repaired.name,
    repaired.date,
    repaired.factor,
    repaired.reason,
    repaired.detail,
    latest.as_of,
    latest.run_id
FROM store.latest_run_ids AS latest
JOIN store.run_repairs AS repaired USING (run_id);

COMMENT ON VIEW latest_repairs IS 'The prices that were repaired in memory for the newest run of each map (splits, redenominations).';
COMMENT ON COLUMN latest_repairs.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_repairs.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN latest_repairs.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN latest_repairs.name IS 'A label';
COMMENT ON COLUMN latest_repairs.date IS 'The first day with prices on the new scale';
COMMENT ON COLUMN latest_repairs.factor IS 'Prices before date were multiplied by it; 1 where a move only may be a split';
COMMENT ON COLUMN latest_repairs.reason IS 'One word for the kind of reason';
COMMENT ON COLUMN latest_repairs.detail IS 'The reason with its figures, as a sentence';
COMMENT ON COLUMN latest_repairs.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_repairs.run_id IS 'The run that says so';
