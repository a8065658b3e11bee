SELECT asset_id_a, asset_id_b, partial_correlation
FROM store.run_edges
WHERE run_id = ? AND as_of = ?;
