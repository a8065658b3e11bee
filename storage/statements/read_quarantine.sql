SELECT source, coalesce(asset_id, '') AS asset_id, coalesce(symbol, '') AS symbol, date, reason,
    detail, raw, open, high, low, close, volume, market_cap, turnover, first_seen, last_seen, is_open
FROM store.judged_quarantine
WHERE ($source::VARCHAR IS NULL OR source = $source) AND (is_open OR NOT $open_only)
ORDER BY source, asset_id NULLS FIRST, date NULLS FIRST, first_seen, reason, raw;
