-- The closing prices of the largest cluster's members, as the source gave them.
WITH asked(map, cluster) AS (VALUES ('crypto', 1))
SELECT price.map, price.date, price.asset_id, member.symbol, price.close
FROM asked
JOIN latest_clusters AS member USING (map, cluster)
JOIN daily_prices AS price ON price.map = member.map AND price.asset_id = member.asset_id
ORDER BY price.date, member.rank;
