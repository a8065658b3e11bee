DELETE FROM store.pairs
WHERE (source, asset_id, other_source) IN (SELECT (source, asset_id, other_source) FROM new_pairs);
INSERT INTO store.pairs BY NAME FROM new_pairs;
