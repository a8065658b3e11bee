-- As strongest_edges orders them: equally strong ones by their places in the matrices.
SELECT edge.graph, edge.asset_id_a, edge.asset_id_b, edge.partial_correlation
FROM store.run_edges AS edge
JOIN store.run_assets AS a
    ON a.run_id = edge.run_id AND a.as_of = edge.as_of AND a.asset_id = edge.asset_id_a
JOIN store.run_assets AS b
    ON b.run_id = edge.run_id AND b.as_of = edge.as_of AND b.asset_id = edge.asset_id_b
WHERE edge.run_id = ? AND edge.as_of = ?
ORDER BY edge.graph, abs(edge.partial_correlation) DESC, a.place, b.place;
