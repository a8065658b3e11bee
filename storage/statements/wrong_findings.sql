-- The findings whose rows or basis are not those that were stored.
SELECT stored.run_id, stored.as_of, stored.kind
FROM store.findings AS stored
LEFT JOIN store.finding_checksums AS found USING (run_id, as_of, kind, settings_digest)
WHERE stored.checksum IS DISTINCT FROM found.checksum
ORDER BY ALL;
