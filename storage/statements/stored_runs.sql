SELECT run_id, map, as_of, created_at, checksum FROM store.runs;
