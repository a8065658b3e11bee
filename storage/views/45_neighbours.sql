-- Edges from both ends, so that one condition finds all of an asset's.
CREATE OR REPLACE VIEW neighbours AS
SELECT
    map,
    as_of,
    asset_id_a AS asset_id,
    symbol_a AS symbol,
    cluster_a AS cluster,
    asset_id_b AS neighbour_id,
    symbol_b AS neighbour,
    cluster_b AS neighbour_cluster,
    partial_correlation,
    within_cluster,
    run_id
FROM edges
UNION ALL
SELECT
    map,
    as_of,
    asset_id_b,
    symbol_b,
    cluster_b,
    asset_id_a,
    symbol_a,
    cluster_a,
    partial_correlation,
    within_cluster,
    run_id
FROM edges;

COMMENT ON VIEW neighbours IS 'The edges of each day, each from both ends: all of an asset''s are found by its asset_id.';
COMMENT ON COLUMN neighbours.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN neighbours.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN neighbours.asset_id IS 'The asset at this end; the source''s own id, the only key';
COMMENT ON COLUMN neighbours.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN neighbours.cluster IS 'Cluster of the asset';
COMMENT ON COLUMN neighbours.neighbour_id IS 'The asset at the other end';
COMMENT ON COLUMN neighbours.neighbour IS 'Its label';
COMMENT ON COLUMN neighbours.neighbour_cluster IS 'Cluster of the neighbour';
COMMENT ON COLUMN neighbours.partial_correlation IS 'What the two share beyond all others, -1 to 1: minus the scaled precision';
COMMENT ON COLUMN neighbours.within_cluster IS 'Whether both ends are in one cluster';
COMMENT ON COLUMN neighbours.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW latest_neighbours AS
SELECT
    map,
    asset_id_a AS asset_id,
    symbol_a AS symbol,
    cluster_a AS cluster,
    asset_id_b AS neighbour_id,
    symbol_b AS neighbour,
    cluster_b AS neighbour_cluster,
    partial_correlation,
    within_cluster,
    as_of,
    run_id
FROM latest_edges
UNION ALL
SELECT
    map,
    asset_id_b,
    symbol_b,
    cluster_b,
    asset_id_a,
    symbol_a,
    cluster_a,
    partial_correlation,
    within_cluster,
    as_of,
    run_id
FROM latest_edges;

COMMENT ON VIEW latest_neighbours IS 'The edges of each map''s newest run, each from both ends: all of an asset''s are found by its asset_id.';
COMMENT ON COLUMN latest_neighbours.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_neighbours.asset_id IS 'The asset at this end; the source''s own id, the only key';
COMMENT ON COLUMN latest_neighbours.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN latest_neighbours.cluster IS 'Cluster of the asset';
COMMENT ON COLUMN latest_neighbours.neighbour_id IS 'The asset at the other end';
COMMENT ON COLUMN latest_neighbours.neighbour IS 'Its label';
COMMENT ON COLUMN latest_neighbours.neighbour_cluster IS 'Cluster of the neighbour';
COMMENT ON COLUMN latest_neighbours.partial_correlation IS 'What the two share beyond all others, -1 to 1: minus the scaled precision';
COMMENT ON COLUMN latest_neighbours.within_cluster IS 'Whether both ends are in one cluster';
COMMENT ON COLUMN latest_neighbours.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_neighbours.run_id IS 'The run that says so';
