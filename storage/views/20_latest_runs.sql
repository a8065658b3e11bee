-- The newest run of each map, and what is on that map; not for people.
CREATE OR REPLACE VIEW store.latest_run_ids AS
SELECT map, run_id, as_of, source, settings, clustering, graph
FROM store.ordered_runs
WHERE is_newest
QUALIFY row_number() OVER (PARTITION BY map ORDER BY as_of DESC) = 1;

CREATE OR REPLACE VIEW latest_runs AS
SELECT * EXCLUDE (is_newest)
FROM runs
SEMI JOIN store.latest_run_ids USING (run_id, as_of);

COMMENT ON VIEW latest_runs IS 'The newest run of each map: of its newest day, the one made last.';
COMMENT ON COLUMN latest_runs.map IS 'The map''s name in config.yaml';
COMMENT ON COLUMN latest_runs.run_id IS 'Stands for map, as-of day and settings; a rerun replaces the run';
COMMENT ON COLUMN latest_runs.as_of IS 'The last UTC day whose prices are in the map';
COMMENT ON COLUMN latest_runs.source IS 'Where its prices come from';
COMMENT ON COLUMN latest_runs.is_simulated IS 'Whether the market is made up';
COMMENT ON COLUMN latest_runs.n_assets IS 'Assets on the map';
COMMENT ON COLUMN latest_runs.n_days IS 'Days of returns in the model';
COMMENT ON COLUMN latest_runs.alpha IS 'The penalty that cross-validation chose';
COMMENT ON COLUMN latest_runs.n_clusters IS 'Clusters on the map';
COMMENT ON COLUMN latest_runs.n_edges IS 'Partial correlations stronger than edge_threshold';
COMMENT ON COLUMN latest_runs.window_start IS 'First day that has a return';
COMMENT ON COLUMN latest_runs.window_end IS 'Last day that has a return';
COMMENT ON COLUMN latest_runs.n_filled IS 'Returns that were missing and set to the asset''s mean';
COMMENT ON COLUMN latest_runs.failed_fits IS 'Penalties of the cross-validation without a finite score';
COMMENT ON COLUMN latest_runs.converged IS 'Whether the final fit reached its tolerance';
COMMENT ON COLUMN latest_runs.n_iter IS 'Iterations of the final fit';
COMMENT ON COLUMN latest_runs.duality_gap IS 'How far the final fit may be from the optimum';
COMMENT ON COLUMN latest_runs.condition_number IS 'Of the precision matrix, in the 2-norm';
COMMENT ON COLUMN latest_runs.clusters_converged IS 'Whether affinity propagation settled';
COMMENT ON COLUMN latest_runs.cluster_iterations IS 'Iterations of affinity propagation';
COMMENT ON COLUMN latest_runs.embedding_error_2d IS 'Reconstruction error of the flat layout';
COMMENT ON COLUMN latest_runs.embedding_error_3d IS 'Reconstruction error of the spatial layout';
COMMENT ON COLUMN latest_runs.edge_threshold IS 'Weaker partial correlations are no edges';
COMMENT ON COLUMN latest_runs.survivors_only IS 'Whether assets that vanished since as_of are missing';
COMMENT ON COLUMN latest_runs.recovery_this IS 'Simulated markets: adjusted Rand index against the planted sectors';
COMMENT ON COLUMN latest_runs.recovery_mean IS 'Simulated markets: its mean over recovery_n_seeds markets';
COMMENT ON COLUMN latest_runs.recovery_worst IS 'Simulated markets: its worst over recovery_n_seeds markets';
COMMENT ON COLUMN latest_runs.recovery_n_seeds IS 'Simulated markets: how many were mapped for the mean';
COMMENT ON COLUMN latest_runs.mean_correlation IS 'Of all pairs of assets on the map';
COMMENT ON COLUMN latest_runs.notes IS 'Sentences that a reader of the map must know';
COMMENT ON COLUMN latest_runs.created_at IS 'When the run was made, UTC';
COMMENT ON COLUMN latest_runs.settings_digest IS 'SHA-256 of settings';
COMMENT ON COLUMN latest_runs.settings IS 'The map''s settings, as JSON';
COMMENT ON COLUMN latest_runs.versions IS 'Versions of Python and the libraries that made the run';
COMMENT ON COLUMN latest_runs.checksum IS 'SHA-256 of all that the run found; the same run made again has the same';
