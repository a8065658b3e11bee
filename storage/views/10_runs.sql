-- The runs with what is on their map; not for people, so it lies in the schema of the tables.
CREATE OR REPLACE VIEW store.ordered_runs AS
SELECT
    *,
    clusterings[1] AS clustering,
    graphs[1] AS graph,
    row_number() OVER (PARTITION BY map, as_of ORDER BY created_at DESC, run_id) = 1 AS is_newest
FROM store.runs;

-- The figures of each run that are columns of the view runs; of clusterings, layouts and graphs those
-- of the map.
CREATE OR REPLACE VIEW store.run_figures AS
SELECT
    figure.run_id,
    figure.as_of,
    any_value(value) FILTER (part = 'model' AND name = 'n_assets')::BIGINT AS n_assets,
    any_value(value) FILTER (part = 'model' AND name = 'n_days')::BIGINT AS n_days,
    any_value(value) FILTER (part = 'model' AND name = 'n_filled')::BIGINT AS n_filled,
    any_value(value) FILTER (part = 'model' AND name = 'mean_correlation') AS mean_correlation,
    any_value(value) FILTER (part = 'model' AND name = 'alpha') AS alpha,
    any_value(value) FILTER (part = 'model' AND name = 'failed_fits')::BIGINT AS failed_fits,
    any_value(value) FILTER (part = 'model' AND name = 'converged')::BOOLEAN AS converged,
    any_value(value) FILTER (part = 'model' AND name = 'n_iter')::BIGINT AS n_iter,
    any_value(value) FILTER (part = 'model' AND name = 'duality_gap') AS duality_gap,
    any_value(value) FILTER (part = 'model' AND name = 'condition_number') AS condition_number,
    any_value(value) FILTER (part = clustering AND name = 'converged')::BOOLEAN
        AS clusters_converged,
    any_value(value) FILTER (part = clustering AND name = 'n_iter')::BIGINT AS cluster_iterations,
    any_value(value) FILTER (part = clustering AND name = 'n_clusters')::BIGINT AS n_clusters,
    any_value(value) FILTER (part = graph AND name = 'n_edges')::BIGINT AS n_edges,
    any_value(value) FILTER (part = graph AND name = 'threshold') AS edge_threshold,
    any_value(value) FILTER (part = 'layout:lle_2d' AND name = 'error') AS embedding_error_2d,
    any_value(value) FILTER (part = 'layout:lle_3d' AND name = 'error') AS embedding_error_3d
FROM store.run_diagnostics AS figure
JOIN (
    SELECT
        run_id,
        as_of,
        'clustering:' || clusterings[1] AS clustering,
        'graph:' || graphs[1] AS graph
    FROM store.runs
) AS run USING (run_id, as_of)
GROUP BY figure.run_id, figure.as_of;

-- What was found about runs last, of each kind.
CREATE OR REPLACE VIEW store.newest_findings AS
SELECT *
FROM store.findings
QUALIFY row_number() OVER (
    PARTITION BY run_id, as_of, kind ORDER BY made_at DESC, settings_digest
) = 1;

CREATE OR REPLACE VIEW runs AS
SELECT
    run.map,
    run.run_id,
    run.as_of,
    run.source,
    figure.n_assets,
    figure.n_days,
    figure.alpha,
    run.is_simulated,
    figure.n_clusters,
    figure.n_edges,
    run.window_start,
    run.window_end,
    figure.n_filled,
    figure.failed_fits,
    figure.converged,
    figure.n_iter,
    figure.duality_gap,
    figure.condition_number,
    figure.clusters_converged,
    figure.cluster_iterations,
    figure.embedding_error_2d,
    figure.embedding_error_3d,
    figure.edge_threshold,
    run.survivors_only,
    recovery.this AS recovery_this,
    recovery.mean AS recovery_mean,
    recovery.worst AS recovery_worst,
    recovery.n_seeds AS recovery_n_seeds,
    run.notes,
    run.created_at,
    run.is_newest,
    run.settings_digest,
    run.settings,
    run.versions,
    run.checksum,
    figure.mean_correlation
FROM store.ordered_runs AS run
LEFT JOIN store.run_figures AS figure USING (run_id, as_of)
LEFT JOIN (
    SELECT found.run_id, found.as_of, rows.this, rows.mean, rows.worst, rows.n_seeds
    FROM store.newest_findings AS found
    JOIN store.finding_recovery AS rows USING (run_id, as_of, settings_digest)
    WHERE found.kind = 'recovery'
) AS recovery USING (run_id, as_of);

COMMENT ON VIEW runs IS 'Every stored run: one map, on one day, under one set of settings.';
COMMENT ON COLUMN runs.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN runs.run_id IS 'Stands for map, as-of day and settings; a rerun replaces the run';
COMMENT ON COLUMN runs.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN runs.source IS 'Where its prices come from';
COMMENT ON COLUMN runs.is_simulated IS 'Whether the market is made up';
COMMENT ON COLUMN runs.n_assets IS 'Assets on the map';
COMMENT ON COLUMN runs.n_days IS 'Days of returns in the model';
COMMENT ON COLUMN runs.alpha IS 'The penalty that cross-validation chose';
COMMENT ON COLUMN runs.n_clusters IS 'Clusters on the map';
COMMENT ON COLUMN runs.n_edges IS 'Partial correlations stronger than edge_threshold';
COMMENT ON COLUMN runs.window_start IS 'First day that has a return';
COMMENT ON COLUMN runs.window_end IS 'Last day that has a return';
COMMENT ON COLUMN runs.n_filled IS 'Returns that were missing and set to the asset''s mean';
COMMENT ON COLUMN runs.failed_fits IS 'Penalties of the cross-validation without a finite score';
COMMENT ON COLUMN runs.converged IS 'Whether the final fit reached its tolerance';
COMMENT ON COLUMN runs.n_iter IS 'Iterations of the final fit';
COMMENT ON COLUMN runs.duality_gap IS 'How far the final fit may be from the optimum';
COMMENT ON COLUMN runs.condition_number IS 'Of the precision matrix, in the 2-norm';
COMMENT ON COLUMN runs.clusters_converged IS 'Whether affinity propagation settled';
COMMENT ON COLUMN runs.cluster_iterations IS 'Iterations of affinity propagation';
COMMENT ON COLUMN runs.embedding_error_2d IS 'Reconstruction error of the flat layout';
COMMENT ON COLUMN runs.embedding_error_3d IS 'Reconstruction error of the spatial layout';
COMMENT ON COLUMN runs.edge_threshold IS 'Weaker partial correlations are no edges';
COMMENT ON COLUMN runs.survivors_only IS 'Whether assets that vanished since as_of are missing';
COMMENT ON COLUMN runs.recovery_this IS 'Simulated markets: adjusted Rand index against the planted sectors';
COMMENT ON COLUMN runs.recovery_mean IS 'Simulated markets: its mean over recovery_n_seeds markets';
COMMENT ON COLUMN runs.recovery_worst IS 'Simulated markets: its worst over recovery_n_seeds markets';
COMMENT ON COLUMN runs.recovery_n_seeds IS 'Simulated markets: how many were mapped for the mean';
COMMENT ON COLUMN runs.mean_correlation IS 'Of all pairs of assets on the map';
COMMENT ON COLUMN runs.notes IS 'Sentences that a reader of the map must know';
COMMENT ON COLUMN runs.created_at IS 'When the run was made, UTC';
COMMENT ON COLUMN runs.is_newest IS 'Whether it is the newest run of its map and day, the one that history views show';
COMMENT ON COLUMN runs.settings_digest IS 'SHA-256 of settings';
COMMENT ON COLUMN runs.settings IS 'The map''s settings, as JSON';
COMMENT ON COLUMN runs.versions IS 'Versions of Python and the libraries that made the run';
COMMENT ON COLUMN runs.checksum IS 'SHA-256 of all that the run found; the same run made again has the same';
