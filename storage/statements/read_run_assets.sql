SELECT asset_id, symbol, name, cluster, is_exemplar, rank, market_cap, turnover, last_close,
    price_source
FROM store.run_assets
WHERE run_id = ?
ORDER BY place;
