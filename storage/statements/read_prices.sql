SELECT date, asset_id, open, high, low, close, volume, market_cap, turnover
FROM store.prices
WHERE source = $source
    AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]))
    AND date BETWEEN coalesce($first_day::DATE, '-infinity'::DATE) AND $last_day::DATE;
