-- How many assets were left off the newest map, for which reasons, and which are the largest?
SELECT map, as_of, reason, count(*) AS n_assets, list(symbol ORDER BY rank)[:5] AS largest
FROM exclusions
JOIN latest_runs USING (map, as_of)
GROUP BY map, as_of, reason
ORDER BY map, n_assets DESC, reason;
