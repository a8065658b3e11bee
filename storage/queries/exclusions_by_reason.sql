-- How many assets were left off the newest map, for which reasons, and which are the largest?
SELECT map, as_of, reason, count(*) AS n_assets, list(symbol ORDER BY rank)[:5] AS largest
FROM latest_exclusions
WHERE map = 'crypto'
GROUP BY map, as_of, reason
ORDER BY n_assets DESC, reason;
