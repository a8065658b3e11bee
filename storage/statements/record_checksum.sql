UPDATE store.runs SET checksum = (
    SELECT checksum FROM store.run_checksums WHERE run_id = $run_id AND as_of = $as_of
)
WHERE run_id = $run_id
RETURNING checksum;
