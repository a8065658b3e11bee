SELECT position.layout, position.asset_id, position.x, position.y, position.z
FROM store.run_positions AS position
JOIN store.run_assets AS asset USING (run_id, as_of, asset_id)
WHERE position.run_id = ? AND position.as_of = ?
ORDER BY position.layout, asset.place;
