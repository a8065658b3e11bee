SELECT asset_id, max(date)
FROM store.prices
WHERE source = $source AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]))
GROUP BY asset_id;
