CREATE OR REPLACE VIEW edges AS
SELECT
    runs.map,
    runs.as_of,
    edge.asset_id_a,
    edge.asset_id_b,
    a.symbol AS symbol_a,
    b.symbol AS symbol_b,
    edge.partial_correlation,
    of_a.cluster AS cluster_a,
    of_b.cluster AS cluster_b,
    of_a.cluster = of_b.cluster AND of_a.cluster <> 0 AS within_cluster,
    runs.run_id
FROM store.ordered_runs AS runs
JOIN store.run_edges AS edge
    ON edge.run_id = runs.run_id AND edge.as_of = runs.as_of AND edge.graph = runs.graph
JOIN store.run_assets AS a
    ON a.run_id = edge.run_id AND a.as_of = edge.as_of AND a.asset_id = edge.asset_id_a
JOIN store.run_assets AS b
    ON b.run_id = edge.run_id AND b.as_of = edge.as_of AND b.asset_id = edge.asset_id_b
JOIN store.run_clusters AS of_a
    ON of_a.run_id = edge.run_id AND of_a.as_of = edge.as_of
    AND of_a.asset_id = edge.asset_id_a AND of_a.clustering = runs.clustering
JOIN store.run_clusters AS of_b
    ON of_b.run_id = edge.run_id AND of_b.as_of = edge.as_of
    AND of_b.asset_id = edge.asset_id_b AND of_b.clustering = runs.clustering
WHERE runs.is_newest;

COMMENT ON VIEW edges IS 'The partial correlations of each day that are stronger than the map''s edge threshold; each pair once.';
COMMENT ON COLUMN edges.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN edges.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN edges.asset_id_a IS 'One end; which end an asset is says nothing';
COMMENT ON COLUMN edges.asset_id_b IS 'The other end';
COMMENT ON COLUMN edges.symbol_a IS 'Label of one end';
COMMENT ON COLUMN edges.symbol_b IS 'Label of the other end';
COMMENT ON COLUMN edges.partial_correlation IS 'What the two share beyond all others, -1 to 1: minus the scaled precision';
COMMENT ON COLUMN edges.cluster_a IS 'Cluster of one end';
COMMENT ON COLUMN edges.cluster_b IS 'Cluster of the other end';
COMMENT ON COLUMN edges.within_cluster IS 'Whether both ends are in one cluster';
COMMENT ON COLUMN edges.run_id IS 'The run that says so';

CREATE OR REPLACE VIEW latest_edges AS
WITH members AS MATERIALIZED (
    FROM store.latest_members
),
edges AS MATERIALIZED (
    SELECT latest.map, edge.*
    FROM store.latest_run_ids AS latest
    JOIN store.run_edges AS edge USING (run_id, as_of, graph)
)
SELECT
    edge.map,
    edge.asset_id_a,
    edge.asset_id_b,
    a.symbol AS symbol_a,
    b.symbol AS symbol_b,
    edge.partial_correlation,
    a.cluster AS cluster_a,
    b.cluster AS cluster_b,
    a.cluster = b.cluster AND a.cluster <> 0 AS within_cluster,
    edge.as_of,
    edge.run_id
FROM edges AS edge
JOIN members AS a ON a.run_id = edge.run_id AND a.asset_id = edge.asset_id_a
JOIN members AS b ON b.run_id = edge.run_id AND b.asset_id = edge.asset_id_b;

COMMENT ON VIEW latest_edges IS 'The edges of each map''s newest run; each pair once.';
COMMENT ON COLUMN latest_edges.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_edges.asset_id_a IS 'One end; which end an asset is says nothing';
COMMENT ON COLUMN latest_edges.asset_id_b IS 'The other end';
COMMENT ON COLUMN latest_edges.symbol_a IS 'Label of one end';
COMMENT ON COLUMN latest_edges.symbol_b IS 'Label of the other end';
COMMENT ON COLUMN latest_edges.partial_correlation IS 'What the two share beyond all others, -1 to 1: minus the scaled precision';
COMMENT ON COLUMN latest_edges.cluster_a IS 'Cluster of one end';
COMMENT ON COLUMN latest_edges.cluster_b IS 'Cluster of the other end';
COMMENT ON COLUMN latest_edges.within_cluster IS 'Whether both ends are in one cluster';
COMMENT ON COLUMN latest_edges.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_edges.run_id IS 'The run that says so';
