CREATE OR REPLACE VIEW findings AS
SELECT
    run.map,
    found.as_of,
    found.kind,
    found.made_at,
    EXISTS (
        FROM unnest(found.basis) AS known(basis)
        LEFT JOIN store.runs AS now ON now.run_id = known.basis.run_id
        WHERE now.checksum IS DISTINCT FROM known.basis.checksum
    ) AS is_stale,
    list_transform(found.basis, lambda known: known.run_id) AS basis,
    found.run_id,
    found.settings_digest
FROM store.findings AS found
LEFT JOIN store.runs AS run USING (run_id, as_of);

COMMENT ON VIEW findings IS 'What was learned about runs after they were made.';
COMMENT ON COLUMN findings.map IS 'The map''s name in config.yaml; null where the run is gone';
COMMENT ON COLUMN findings.as_of IS 'The as-of day of the run that it is about';
COMMENT ON COLUMN findings.kind IS 'recovery: how much of a simulated market''s planted sectors the map found';
COMMENT ON COLUMN findings.made_at IS 'When it was found, UTC';
COMMENT ON COLUMN findings.is_stale IS 'Whether a run that it rests on is gone, or was made again and came out otherwise';
COMMENT ON COLUMN findings.basis IS 'The ids of all runs that it rests on';
COMMENT ON COLUMN findings.run_id IS 'The run that it is about';
COMMENT ON COLUMN findings.settings_digest IS 'Stands for the finding''s own settings';
