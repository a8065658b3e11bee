-- Which edges tie clusters together?
SELECT map, symbol_a, cluster_a, symbol_b, cluster_b, partial_correlation
FROM latest_edges
WHERE map = 'crypto' AND NOT within_cluster AND 0 NOT IN (cluster_a, cluster_b) -- 0: in none
ORDER BY abs(partial_correlation) DESC
LIMIT 20;
