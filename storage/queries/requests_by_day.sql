-- How well did the sources answer, day by day?
SELECT map, source, asked_at::DATE AS day, count(*) AS n_requests,
    count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
    count(*) FILTER (WHERE outcome = 'suspect') AS suspect,
    count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
    count(*) FILTER (WHERE outcome = 'unavailable') AS unavailable,
    sum(n_rows) AS n_rows,
    sum(n_quarantined) AS n_quarantined,
    median(seconds) AS seconds
FROM requests
WHERE map = 'crypto'
GROUP BY map, source, day
ORDER BY day DESC, source;
