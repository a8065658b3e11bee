SELECT run_id, map, as_of
FROM store.runs
QUALIFY $every OR row_number() OVER (PARTITION BY map ORDER BY as_of DESC, created_at DESC) = 1
ORDER BY map, as_of;
