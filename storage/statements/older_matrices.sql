-- A run's matrices as schema versions 1 and 2 kept them.
SELECT asset.asset_id, matrix.correlation, matrix.covariance, matrix."precision"
FROM store.run_matrices AS matrix
JOIN store.run_assets AS asset USING (run_id, place)
WHERE run_id = ?
ORDER BY place;
