SELECT position.layout, position.asset_id, position.x, position.y, position.z
FROM store.run_positions AS position
JOIN store.run_assets AS asset
    ON asset.run_id = position.run_id AND asset.asset_id = position.asset_id
WHERE position.run_id = ?
ORDER BY position.layout, asset.place;
