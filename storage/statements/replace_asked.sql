DELETE FROM store.asked
WHERE (source, asset_id) IN (SELECT (source, asset_id) FROM new_asked);
INSERT INTO store.asked BY NAME FROM new_asked;
