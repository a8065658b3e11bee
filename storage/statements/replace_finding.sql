DELETE FROM store.findings AS old USING new_finding AS new
WHERE old.run_id = new.run_id AND old.as_of = new.as_of
    AND old.kind = new.kind AND old.settings_digest = new.settings_digest;
INSERT INTO store.findings BY NAME
SELECT
    new.* EXCLUDE (basis),
    coalesce((
        SELECT list({'run_id': run.run_id, 'checksum': run.checksum} ORDER BY run.as_of, run.run_id)
        FROM store.runs AS run
        WHERE list_contains(new.basis, run.run_id)
    ), []) AS basis
FROM new_finding AS new;
