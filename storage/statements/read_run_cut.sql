SELECT asset_id, symbol, name, rank
FROM store.run_cut
WHERE run_id = ?
ORDER BY place;
