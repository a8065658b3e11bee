-- Who moves against whom, once the rest of the market is taken out?
SELECT map, symbol_a, symbol_b, partial_correlation, within_cluster
FROM latest_edges
WHERE map = 'crypto' AND partial_correlation < 0
ORDER BY partial_correlation
LIMIT 20;
