SELECT asset_id, symbol, name, rank, reason, detail
FROM store.run_exclusions
WHERE run_id = ?
ORDER BY place;
