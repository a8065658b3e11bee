SELECT asset_id, first_day, last_day
FROM store.coverage
WHERE source = $source AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]))
ORDER BY asset_id, first_day;
