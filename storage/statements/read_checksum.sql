SELECT checksum FROM store.run_checksums WHERE run_id = ? AND as_of = ?;
