-- What is known already only tells when it was seen last. Within a batch a row may come repeatedly;
-- first() keeps nulls, unlike any_value() and arg_min().
MERGE INTO store.quarantine AS stored
USING (
    SELECT source, asset_id, date::DATE AS date, reason, raw,
        first(detail ORDER BY seen_at) AS detail,
        first(open ORDER BY seen_at) AS open,
        first(high ORDER BY seen_at) AS high,
        first(low ORDER BY seen_at) AS low,
        first(close ORDER BY seen_at) AS close,
        first(volume ORDER BY seen_at) AS volume,
        first(market_cap ORDER BY seen_at) AS market_cap,
        first(turnover ORDER BY seen_at) AS turnover,
        min(seen_at) AS first_seen,
        max(seen_at) AS last_seen
    FROM new_quarantine
    GROUP BY source, asset_id, date::DATE, reason, raw
) AS new
ON stored.source = new.source
    AND stored.asset_id IS NOT DISTINCT FROM new.asset_id
    AND stored.date IS NOT DISTINCT FROM new.date
    AND stored.reason = new.reason
    AND stored.raw = new.raw
WHEN MATCHED AND new.last_seen > stored.last_seen THEN UPDATE SET last_seen = new.last_seen
WHEN NOT MATCHED THEN INSERT BY NAME;
