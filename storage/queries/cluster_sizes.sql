-- How large are the clusters, day by day, and who stands at their centre? Cluster 0 holds the assets
-- that belong to none.
SELECT map, as_of, cluster, count(*) AS n_assets,
    any_value(symbol) FILTER (WHERE is_exemplar) AS exemplar,
    sum(market_cap) AS market_cap
FROM cluster_history
WHERE map = 'crypto'
GROUP BY map, as_of, cluster
ORDER BY as_of DESC, cluster;
