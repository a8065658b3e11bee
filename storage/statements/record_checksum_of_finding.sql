UPDATE store.findings AS stored SET checksum = found.checksum
FROM store.finding_checksums AS found, new_finding AS new
WHERE stored.run_id = new.run_id AND stored.as_of = new.as_of
    AND stored.kind = new.kind AND stored.settings_digest = new.settings_digest
    AND found.run_id = new.run_id AND found.as_of = new.as_of
    AND found.kind = new.kind AND found.settings_digest = new.settings_digest;
