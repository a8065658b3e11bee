SELECT rows.this, rows.mean, rows.worst, rows.n_seeds
FROM store.newest_findings AS found
JOIN store.finding_recovery AS rows USING (run_id, as_of, settings_digest)
WHERE found.kind = 'recovery' AND found.run_id = ? AND found.as_of = ?;
