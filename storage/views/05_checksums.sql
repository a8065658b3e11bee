-- Every number and name that a run found, as one SHA-256 per part: of each row a line, of all lines in
-- order the digest. When and with what the run was made is not in it, so that the same run made again
-- has the same checksums. The columns of a part never change: a new column makes a new part.
CREATE OR REPLACE VIEW store.part_checksums AS
SELECT run_id, as_of, part, sha256(string_agg(line, chr(10) ORDER BY line)) AS checksum
FROM (
    SELECT run_id, as_of, 'run' AS part, concat_ws(
        chr(31), map, settings_digest, source, is_simulated, survivors_only,
        array_to_string(notes, chr(30)), array_to_string(calendar, chr(30)), window_start, window_end,
        array_to_string(clusterings, chr(30)), array_to_string(layouts, chr(30)),
        array_to_string(graphs, chr(30))
    ) AS line
    FROM store.runs
    UNION ALL
    SELECT run_id, as_of, 'diagnostics:' || part || ':' || name, concat_ws(
        chr(31), name, coalesce(value::VARCHAR, '')
    )
    FROM store.run_diagnostics
    UNION ALL
    SELECT run_id, as_of, 'assets', concat_ws(
        chr(31), place, asset_id, symbol, name, rank, coalesce(market_cap::VARCHAR, ''),
        coalesce(turnover::VARCHAR, ''), coalesce(last_close::VARCHAR, ''), price_source
    )
    FROM store.run_assets
    UNION ALL
    SELECT run_id, as_of, 'clusters:' || clustering, concat_ws(
        chr(31), asset_id, cluster, coalesce(is_exemplar::VARCHAR, '')
    )
    FROM store.run_clusters
    UNION ALL
    SELECT run_id, as_of, 'positions:' || layout, concat_ws(
        chr(31), asset_id, coalesce(x::VARCHAR, ''), coalesce(y::VARCHAR, ''),
        coalesce(z::VARCHAR, '')
    )
    FROM store.run_positions
    UNION ALL
    SELECT run_id, as_of, 'edges:' || graph, concat_ws(
        chr(31), asset_id_a, asset_id_b, partial_correlation
    )
    FROM store.run_edges
    UNION ALL
    SELECT run_id, run.as_of, 'cv_scores', concat_ws(
        chr(31), score.alpha, coalesce(score.mean_score::VARCHAR, ''),
        coalesce(score.std_score::VARCHAR, '')
    )
    FROM store.run_cv_scores AS score
    JOIN store.runs AS run USING (run_id)
    UNION ALL
    SELECT run_id, run.as_of, 'exclusions', concat_ws(
        chr(31), excluded.place, asset_id, symbol, name, rank, reason, detail
    )
    FROM store.run_exclusions AS excluded
    JOIN store.runs AS run USING (run_id)
    UNION ALL
    SELECT run_id, run.as_of, 'repairs', concat_ws(
        chr(31), repaired.place, asset_id, symbol, name, date, factor, reason, detail
    )
    FROM store.run_repairs AS repaired
    JOIN store.runs AS run USING (run_id)
    UNION ALL
    SELECT run_id, run.as_of, 'cut', concat_ws(chr(31), cut.place, asset_id, symbol, name, rank)
    FROM store.run_cut AS cut
    JOIN store.runs AS run USING (run_id)
)
GROUP BY run_id, as_of, part;

-- The same of findings: of their rows, and of the runs that they rest on.
CREATE OR REPLACE VIEW store.finding_checksums AS
SELECT run_id, as_of, kind, settings_digest,
    sha256(string_agg(line, chr(10) ORDER BY line)) AS checksum
FROM (
    SELECT run_id, as_of, 'recovery' AS kind, settings_digest, concat_ws(
        chr(31), this, mean, worst, n_seeds
    ) AS line
    FROM store.finding_recovery
    UNION ALL
    SELECT run_id, as_of, kind, settings_digest, concat_ws(chr(31), 'basis', run.run_id, run.checksum)
    FROM store.findings, unnest(basis) AS known(run)
)
GROUP BY run_id, as_of, kind, settings_digest;
