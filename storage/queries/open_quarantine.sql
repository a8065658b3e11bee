-- Which days have no price because the one that came could not be trusted?
SELECT map, source, symbol, asset_id, date, reason, detail, close, first_seen, last_seen
FROM quarantine
WHERE map = 'crypto' AND is_open
ORDER BY date DESC, symbol, asset_id;
