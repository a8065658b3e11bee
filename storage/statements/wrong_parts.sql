-- The parts of a run whose rows are not those that were stored.
WITH recorded AS MATERIALIZED (
    SELECT part, checksum FROM store.run_checksums WHERE run_id = $run_id AND as_of = $as_of
)
SELECT part
FROM recorded
LEFT JOIN (
    SELECT part, checksum FROM store.part_checksums WHERE run_id = $run_id AND as_of = $as_of
) AS found USING (part)
WHERE recorded.checksum <> coalesce(found.checksum, sha256(''))
UNION ALL
SELECT 'settings'
FROM store.runs
WHERE run_id = $run_id AND settings_digest <> sha256(settings)
UNION ALL
SELECT 'checksum'
FROM store.runs
WHERE run_id = $run_id AND checksum IS DISTINCT FROM (
    SELECT sha256(string_agg(part || chr(31) || checksum, chr(10) ORDER BY part)) FROM recorded
)
ORDER BY ALL;
