-- Every number and name that a run found, as one SHA-256: of each row a line, of all lines in order
-- the digest. When and with what the run was made is not in it, so that the same run made again has
-- the same checksum.
CREATE OR REPLACE VIEW store.run_checksums AS
SELECT run_id, as_of, sha256(string_agg(line, chr(10) ORDER BY line)) AS checksum
FROM (
    SELECT run_id, as_of, concat_ws(
        chr(31), 'run', map, settings_digest, source, is_simulated, survivors_only, notes, calendar,
        edge_threshold, n_assets, n_days, window_start, window_end, n_filled,
        coalesce(alpha::VARCHAR, ''), failed_fits, converged, n_iter,
        coalesce(duality_gap::VARCHAR, ''), coalesce(condition_number::VARCHAR, ''),
        clusters_converged, cluster_iterations, n_clusters, n_edges,
        coalesce(embedding_error_2d::VARCHAR, ''), coalesce(embedding_error_3d::VARCHAR, ''),
        coalesce(recovery_this::VARCHAR, ''), coalesce(recovery_mean::VARCHAR, ''),
        coalesce(recovery_worst::VARCHAR, ''), coalesce(recovery_n_seeds::VARCHAR, '')
    ) AS line
    FROM store.runs
    UNION ALL
    SELECT run_id, as_of, concat_ws(
        chr(31), 'asset', place, asset_id, symbol, name, cluster, is_exemplar, rank,
        coalesce(market_cap::VARCHAR, ''), coalesce(turnover::VARCHAR, ''),
        coalesce(last_close::VARCHAR, ''), price_source
    )
    FROM store.run_assets
    UNION ALL
    SELECT run_id, as_of, concat_ws(chr(31), 'edge', asset_id_a, asset_id_b, partial_correlation)
    FROM store.run_edges
    UNION ALL
    SELECT run_id, as_of, concat_ws(
        chr(31), 'position', layout, asset_id, coalesce(x::VARCHAR, ''), coalesce(y::VARCHAR, ''),
        coalesce(z::VARCHAR, '')
    )
    FROM store.run_positions
    UNION ALL
    SELECT run_id, run.as_of, concat_ws(
        chr(31), 'score', score.alpha, coalesce(score.mean_score::VARCHAR, ''),
        coalesce(score.std_score::VARCHAR, '')
    )
    FROM store.run_cv_scores AS score
    JOIN store.runs AS run USING (run_id)
    UNION ALL
    SELECT run_id, run.as_of, concat_ws(
        chr(31), 'exclusion', excluded.place, asset_id, symbol, name, rank, reason, detail
    )
    FROM store.run_exclusions AS excluded
    JOIN store.runs AS run USING (run_id)
    UNION ALL
    SELECT run_id, run.as_of, concat_ws(
        chr(31), 'repair', repaired.place, asset_id, symbol, name, date, factor, reason, detail
    )
    FROM store.run_repairs AS repaired
    JOIN store.runs AS run USING (run_id)
)
GROUP BY run_id, as_of;
