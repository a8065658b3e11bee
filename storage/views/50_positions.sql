CREATE OR REPLACE VIEW positions AS
SELECT
    runs.map,
    runs.as_of,
    position.layout,
    position.asset_id,
    assets.symbol,
    member.cluster,
    position.x,
    position.y,
    position.z,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN store.run_positions AS position USING (run_id, as_of)
JOIN store.run_assets AS assets
    ON assets.run_id = position.run_id
    AND assets.as_of = position.as_of
    AND assets.asset_id = position.asset_id
JOIN store.run_clusters AS member
    ON member.run_id = position.run_id
    AND member.as_of = position.as_of
    AND member.asset_id = position.asset_id
    AND member.clustering = runs.clustering
WHERE runs.is_newest;

COMMENT ON VIEW positions IS 'Where each asset lies on each day, in every layout. The axes mean nothing and may turn from day to day; only nearness counts.';
COMMENT ON COLUMN positions.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN positions.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN positions.layout IS 'lle_2d or lle_3d: locally linear embedding, flat or in space';
COMMENT ON COLUMN positions.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN positions.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN positions.cluster IS '1 is the day''s largest cluster; 0: the asset belongs to none';
COMMENT ON COLUMN positions.x IS 'Without unit';
COMMENT ON COLUMN positions.y IS 'Without unit';
COMMENT ON COLUMN positions.z IS 'Without unit; null in a flat layout';
COMMENT ON COLUMN positions.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW latest_positions AS
WITH members AS MATERIALIZED (
    FROM store.latest_members
),
places AS MATERIALIZED (
    SELECT position.*
    FROM store.latest_run_ids AS latest
    JOIN store.run_positions AS position USING (run_id, as_of)
)
SELECT
    member.map,
    member.asset_id,
    member.symbol,
    member.cluster,
    flat.x AS x2,
    flat.y AS y2,
    space.x AS x3,
    space.y AS y3,
    space.z AS z3,
    member.as_of,
    member.run_id
FROM members AS member
LEFT JOIN places AS flat
    ON flat.run_id = member.run_id
    AND flat.asset_id = member.asset_id
    AND flat.layout = 'lle_2d'
LEFT JOIN places AS space
    ON space.run_id = member.run_id
    AND space.asset_id = member.asset_id
    AND space.layout = 'lle_3d';

COMMENT ON VIEW latest_positions IS 'Where each asset of each map''s newest run lies, in the default layout (locally linear embedding).';
COMMENT ON COLUMN latest_positions.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_positions.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN latest_positions.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN latest_positions.cluster IS '1 is the largest cluster; 0: the asset belongs to none';
COMMENT ON COLUMN latest_positions.x2 IS 'In the flat layout';
COMMENT ON COLUMN latest_positions.y2 IS 'In the flat layout';
COMMENT ON COLUMN latest_positions.x3 IS 'In the spatial layout';
COMMENT ON COLUMN latest_positions.y3 IS 'In the spatial layout';
COMMENT ON COLUMN latest_positions.z3 IS 'In the spatial layout';
COMMENT ON COLUMN latest_positions.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_positions.run_id IS 'The run that says so';
