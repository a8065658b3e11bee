SELECT correlation, covariance, "precision"
FROM store.run_matrices
WHERE run_id = ?
ORDER BY place;
