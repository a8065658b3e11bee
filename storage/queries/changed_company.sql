-- Which assets keep other company than a week ago? Cluster numbers are given anew each day, so what
-- is compared is the members: 1 is the same company, 0 is none of it. Assets on both maps only; where
-- the day a week ago is not stored, the one before it is taken.
WITH asked(map, days_ago) AS (VALUES ('crypto', 7)),
days AS (
    SELECT map, newest.as_of AS today, max(runs.as_of) AS earlier
    FROM asked
    JOIN latest_runs AS newest USING (map)
    JOIN runs USING (map)
    WHERE runs.as_of <= newest.as_of - asked.days_ago
    GROUP BY map, today
),
company AS (
    SELECT days.map, days.today, days.earlier, own.asset_id, any_value(own.symbol) AS symbol,
        list(mate.asset_id) FILTER (WHERE own.as_of = days.today) AS now,
        list(mate.asset_id) FILTER (WHERE own.as_of = days.earlier) AS before
    FROM days
    JOIN cluster_history AS own ON own.map = days.map AND own.as_of IN (days.today, days.earlier)
    JOIN cluster_history AS mate
        ON mate.run_id = own.run_id
        AND mate.cluster = own.cluster
        AND (own.cluster <> 0 OR mate.asset_id = own.asset_id) -- 0: it has no company
    GROUP BY days.map, days.today, days.earlier, own.asset_id
)
SELECT map, earlier, today, asset_id, symbol,
    -- Each list holds the asset itself, which is no company.
    (len(list_intersect(now, before)) - 1) / (len(list_distinct(now || before)) - 1) AS same_company,
    len(now) - 1 AS mates_now,
    len(before) - 1 AS mates_before
FROM company
WHERE len(list_distinct(now || before)) > len(list_intersect(now, before))
    AND now IS NOT NULL AND before IS NOT NULL
ORDER BY same_company, symbol, asset_id;
