DELETE FROM store.coverage
WHERE (source, asset_id) IN (SELECT (source, asset_id) FROM new_coverage);
INSERT INTO store.coverage BY NAME FROM new_coverage;
