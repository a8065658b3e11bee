-- Pairs that newer closes have shown to be wrong.
DELETE FROM store.pairs
WHERE source = $source
    AND other_source = $other_source
    AND (asset_id, other_id) IN (SELECT (asset_id, other_id) FROM refuted);
