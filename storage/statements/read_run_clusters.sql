SELECT member.clustering, member.asset_id, member.cluster, member.is_exemplar
FROM store.run_clusters AS member
JOIN store.run_assets AS asset USING (run_id, as_of, asset_id)
WHERE member.run_id = ? AND member.as_of = ?
ORDER BY member.clustering, asset.place;
