-- Which assets came onto the map or left it, from each stored day to the next?
WITH days AS (
    SELECT map, as_of, lag(as_of) OVER (PARTITION BY map ORDER BY as_of) AS before
    FROM runs
    WHERE map = 'crypto' AND is_newest
),
came AS (
    SELECT days.map, days.as_of, 'came' AS what, asset_id, symbol
    FROM days
    JOIN cluster_history AS now USING (map, as_of)
    WHERE before IS NOT NULL AND NOT EXISTS (
        FROM cluster_history AS old
        WHERE old.map = days.map AND old.as_of = days.before AND old.asset_id = now.asset_id
    )
),
gone AS (
    SELECT days.map, days.as_of, 'left' AS what, asset_id, symbol
    FROM days
    JOIN cluster_history AS old ON old.map = days.map AND old.as_of = days.before
    WHERE NOT EXISTS (
        FROM cluster_history AS now
        WHERE now.map = days.map AND now.as_of = days.as_of AND now.asset_id = old.asset_id
    )
)
FROM came
UNION ALL
FROM gone
ORDER BY as_of DESC, what, symbol;
