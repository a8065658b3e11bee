UPDATE store.runs SET checksum = (
    SELECT sha256(string_agg(part || chr(31) || checksum, chr(10) ORDER BY part))
    FROM store.run_checksums
    WHERE run_id = $run_id AND as_of = $as_of
)
WHERE run_id = $run_id
RETURNING checksum;
