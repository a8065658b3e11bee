CREATE OR REPLACE VIEW cluster_history AS
SELECT
    runs.map,
    runs.as_of,
    assets.asset_id,
    assets.symbol,
    member.cluster,
    assets.name,
    member.is_exemplar,
    assets.rank,
    assets.market_cap,
    assets.turnover,
    assets.last_close,
    runs.run_id,
    assets.price_source
FROM store.ordered_runs AS runs
JOIN store.run_assets AS assets USING (run_id, as_of)
JOIN store.run_clusters AS member
    ON member.run_id = assets.run_id
    AND member.as_of = assets.as_of
    AND member.asset_id = assets.asset_id
    AND member.clustering = runs.clustering
WHERE runs.is_newest;

COMMENT ON VIEW cluster_history IS 'Each asset''s cluster on each day. Cluster numbers are given anew each day, by size: compare members, not numbers.';
COMMENT ON COLUMN cluster_history.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN cluster_history.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN cluster_history.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN cluster_history.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN cluster_history.name IS 'A label';
COMMENT ON COLUMN cluster_history.cluster IS '1 is the day''s largest cluster; 0: the asset belongs to none';
COMMENT ON COLUMN cluster_history.is_exemplar IS 'Whether the asset is its cluster''s centre; null where the method knows none';
COMMENT ON COLUMN cluster_history.rank IS 'Among the candidates, by market cap or turnover; 1 is the largest';
COMMENT ON COLUMN cluster_history.market_cap IS 'In the quote currency; null where unknown';
COMMENT ON COLUMN cluster_history.turnover IS 'Traded value per day in the quote currency; null where unknown';
COMMENT ON COLUMN cluster_history.last_close IS 'The asset''s last price in the window';
COMMENT ON COLUMN cluster_history.run_id IS 'The run that says so';
COMMENT ON COLUMN cluster_history.price_source IS 'Where its prices come from: the run''s source, or another that stands in for it';

-- The assets of each map's newest run; not for people. Whoever joins them to more rows of a day has to
-- materialize them and those rows first, or DuckDB joins the rows of all days.
CREATE OR REPLACE VIEW store.latest_members AS
SELECT
    latest.map,
    assets.*,
    member.cluster,
    member.is_exemplar
FROM store.latest_run_ids AS latest
JOIN store.run_assets AS assets USING (run_id, as_of)
JOIN store.run_clusters AS member USING (run_id, as_of, asset_id, clustering);

CREATE OR REPLACE VIEW latest_clusters AS
WITH members AS MATERIALIZED (
    FROM store.latest_members
)
SELECT
    member.map,
    member.asset_id,
    member.symbol,
    member.name,
    member.cluster,
    member.is_exemplar,
    centre.symbol AS exemplar,
    member.rank,
    member.market_cap,
    member.turnover,
    member.last_close,
    member.as_of,
    member.run_id,
    member.price_source
FROM members AS member
LEFT JOIN members AS centre
    ON centre.run_id = member.run_id
    AND centre.cluster = member.cluster
    AND centre.is_exemplar;

COMMENT ON VIEW latest_clusters IS 'The assets of each map''s newest run, with their clusters.';
COMMENT ON COLUMN latest_clusters.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_clusters.asset_id IS 'The source''s own id of the asset; the only key';
COMMENT ON COLUMN latest_clusters.symbol IS 'A label; two assets may share one';
COMMENT ON COLUMN latest_clusters.name IS 'A label';
COMMENT ON COLUMN latest_clusters.cluster IS '1 is the largest cluster; 0: the asset belongs to none';
COMMENT ON COLUMN latest_clusters.is_exemplar IS 'Whether the asset is its cluster''s centre; null where the method knows none';
COMMENT ON COLUMN latest_clusters.exemplar IS 'Symbol of its cluster''s centre';
COMMENT ON COLUMN latest_clusters.rank IS 'Among the candidates, by market cap or turnover; 1 is the largest';
COMMENT ON COLUMN latest_clusters.market_cap IS 'In the quote currency; null where unknown';
COMMENT ON COLUMN latest_clusters.turnover IS 'Traded value per day in the quote currency; null where unknown';
COMMENT ON COLUMN latest_clusters.last_close IS 'The asset''s last price in the window';
COMMENT ON COLUMN latest_clusters.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_clusters.run_id IS 'The run that says so';
COMMENT ON COLUMN latest_clusters.price_source IS 'Where its prices come from: the run''s source, or another that stands in for it';
