-- How has the model's penalty moved, and can each day be trusted?
SELECT map, as_of, alpha, converged, duality_gap, failed_fits, clusters_converged
FROM runs
WHERE map = 'crypto' AND is_newest
ORDER BY as_of;
