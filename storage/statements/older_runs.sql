-- The runs whose matrices are kept, of a database of schema version 1 or 2.
SELECT run_id, as_of
FROM store.runs
QUALIFY row_number() OVER (PARTITION BY map ORDER BY as_of DESC, created_at DESC) <= $newest
    OR ($monthly AND row_number() OVER (
        PARTITION BY map, date_trunc('month', as_of) ORDER BY as_of, created_at
    ) = 1);
