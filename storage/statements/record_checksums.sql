-- Of a part without rows it is remembered, too, that it has none.
INSERT INTO store.run_checksums BY NAME
SELECT $run_id AS run_id, $as_of AS as_of, part, coalesce(found.checksum, sha256('')) AS checksum
FROM (
    SELECT unnest(['assets', 'cut', 'cv_scores', 'exclusions', 'repairs']) AS part
    UNION
    SELECT 'edges:' || unnest(graphs) FROM store.runs WHERE run_id = $run_id
    UNION
    SELECT part FROM store.part_checksums WHERE run_id = $run_id AND as_of = $as_of
) AS known
LEFT JOIN (
    SELECT part, checksum FROM store.part_checksums WHERE run_id = $run_id AND as_of = $as_of
) AS found USING (part);
