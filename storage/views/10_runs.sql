CREATE OR REPLACE VIEW runs AS
SELECT
    map,
    run_id,
    as_of,
    source,
    n_assets,
    n_days,
    alpha,
    is_simulated,
    n_clusters,
    n_edges,
    window_start,
    window_end,
    n_filled,
    failed_fits,
    converged,
    n_iter,
    duality_gap,
    condition_number,
    clusters_converged,
    cluster_iterations,
    embedding_error_2d,
    embedding_error_3d,
    edge_threshold,
    survivors_only,
    recovery_this,
    recovery_mean,
    recovery_worst,
    recovery_n_seeds,
    notes,
    created_at,
    row_number() OVER (PARTITION BY map, as_of ORDER BY created_at DESC, run_id) = 1 AS is_newest,
    settings_digest,
    settings,
    versions,
    checksum
FROM store.runs;

COMMENT ON VIEW runs IS 'Every stored run: one map, on one day, under one set of settings.';
COMMENT ON COLUMN runs.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN runs.run_id IS 'Stands for map, as-of day and settings; a rerun replaces the run';
COMMENT ON COLUMN runs.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN runs.source IS 'Where its prices come from';
COMMENT ON COLUMN runs.is_simulated IS 'Whether the market is made up';
COMMENT ON COLUMN runs.n_assets IS 'Assets on the map';
COMMENT ON COLUMN runs.n_days IS 'Days of returns in the model';
COMMENT ON COLUMN runs.alpha IS 'The penalty that cross-validation chose';
COMMENT ON COLUMN runs.n_clusters IS 'Clusters that affinity propagation found';
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
COMMENT ON COLUMN runs.notes IS 'Sentences that a reader of the map must know';
COMMENT ON COLUMN runs.created_at IS 'When the run was made, UTC';
COMMENT ON COLUMN runs.is_newest IS 'Whether it is the newest run of its map and day, the one that history views show';
COMMENT ON COLUMN runs.settings_digest IS 'SHA-256 of settings';
COMMENT ON COLUMN runs.settings IS 'The map''s settings, as JSON';
COMMENT ON COLUMN runs.versions IS 'Versions of Python and the libraries that made the run';
COMMENT ON COLUMN runs.checksum IS 'SHA-256 of all that the run found; the same run made again has the same';
