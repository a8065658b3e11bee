-- Which closing prices did a source change after the fact, and by how much?
SELECT map, source, symbol, asset_id, date, old_value AS old_close, new_value AS new_close,
    new_value / nullif(old_value, 0) - 1 AS changed_by, seen_at, why
FROM revisions
WHERE map = 'crypto' AND field = 'close'
ORDER BY abs(changed_by) DESC, seen_at DESC;
