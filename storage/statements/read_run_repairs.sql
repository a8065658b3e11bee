SELECT asset_id, symbol, name, date, factor, reason, detail
FROM store.run_repairs
WHERE run_id = ?
ORDER BY place;
