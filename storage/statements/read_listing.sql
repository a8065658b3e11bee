SELECT rank, asset_id, symbol, name, market_cap, turnover, tags
FROM store.listings
WHERE source = ? AND as_of = ?
ORDER BY rank, asset_id;
