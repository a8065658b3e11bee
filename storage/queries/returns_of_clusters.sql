-- How did each cluster move, day by day? The mean log return of its members, of repaired closes.
SELECT map, date, cluster, avg(log_return) AS log_return, count(log_return) AS n_assets
FROM returns
JOIN latest_clusters USING (map, asset_id)
WHERE map = 'crypto'
GROUP BY map, date, cluster
ORDER BY date DESC, cluster;
