SELECT asset_id, symbol, name, rank, market_cap, turnover, last_close, price_source
FROM store.run_assets
WHERE run_id = ? AND as_of = ?
ORDER BY place;
