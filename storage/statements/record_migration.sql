INSERT INTO store.schema_version (version, name, applied_at) VALUES (?, ?, ?);
