-- How often each outcome was met, and the newest time.
SELECT outcome, count(*) AS n_requests, max(asked_at) AS newest_at,
    arg_max(detail, asked_at) AS newest_detail
FROM store.requests
WHERE source = $source AND asked_at >= $since::TIMESTAMP
GROUP BY outcome
ORDER BY n_requests DESC, outcome;
