-- The parts of a run whose rows are not those that were stored.
SELECT stored.part
FROM (
    SELECT part, checksum FROM store.run_checksums WHERE run_id = $run_id AND as_of = $as_of
) AS stored
LEFT JOIN (
    SELECT part, checksum FROM store.part_checksums WHERE run_id = $run_id AND as_of = $as_of
) AS found USING (part)
WHERE stored.checksum <> coalesce(found.checksum, sha256(''))
UNION ALL
SELECT 'checksum'
FROM store.runs
WHERE run_id = $run_id AND checksum IS DISTINCT FROM (
    SELECT sha256(string_agg(part || chr(31) || checksum, chr(10) ORDER BY part))
    FROM store.run_checksums
    WHERE run_id = $run_id AND as_of = $as_of
)
ORDER BY ALL;
