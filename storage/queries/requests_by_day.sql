-- How well did the sources answer, day by day?
SELECT map, source, asked_at::DATE AS day, count(*) AS n_requests,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'doubted') AS doubted,
    count(*) FILTER (WHERE outcome = 'refused') AS refused,
    count(*) FILTER (WHERE outcome = 'down') AS down,
    sum(n_rows) AS n_rows,
    sum(n_quarantined) AS n_quarantined,
    median(seconds) AS seconds
FROM requests
WHERE map = 'crypto'
GROUP BY map, source, day
ORDER BY day DESC, source;
