DELETE FROM store.finding_recovery AS old USING new_finding AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of
    AND old.settings_digest = new.settings_digest;
INSERT INTO store.finding_recovery BY NAME
SELECT new.run_id, new.as_of, new.settings_digest, rows.*
FROM new_finding AS new, new_rows AS rows;
