UPDATE store.runs SET checksum = found.checksum
FROM store.run_checksums AS found
WHERE runs.run_id = found.run_id AND runs.checksum IS NULL;
