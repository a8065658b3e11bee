SELECT asset_id, other_id, n_days, worst, checked_at
FROM store.pairs
WHERE source = $source AND other_source = $other_source
ORDER BY asset_id;
