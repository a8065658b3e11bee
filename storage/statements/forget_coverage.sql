DELETE FROM store.coverage
WHERE source = $source AND asset_id IN (SELECT unnest($asset_ids::VARCHAR[]));
