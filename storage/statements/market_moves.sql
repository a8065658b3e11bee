-- How the middle asset moved. The difference of two logarithms cannot overflow, a ratio can.
WITH days AS (
    SELECT DISTINCT unnest($days::DATE[]) AS date
),
moves AS (
    SELECT today.date, ln(today.close) - ln(before.close) AS move
    FROM store.prices AS today
    JOIN store.prices AS before
        ON before.source = today.source
        AND before.asset_id = today.asset_id
        AND before.date = today.date - 1
    WHERE today.source = $source
        AND today.date IN (SELECT date FROM days)
        AND today.close > 0
        AND before.close > 0
)
SELECT days.date, median(moves.move) AS move, count(moves.move) AS n_assets
FROM days
LEFT JOIN moves ON moves.date = days.date
GROUP BY days.date
ORDER BY days.date;
