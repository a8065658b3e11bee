SELECT *
FROM store.runs
WHERE map = ? AND as_of = ?
ORDER BY created_at DESC, run_id
LIMIT 1;
