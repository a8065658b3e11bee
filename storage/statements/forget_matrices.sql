-- Of each map the newest runs keep their matrices, and the first run of each month if wanted.
UPDATE store.runs SET matrices = NULL
WHERE matrices IS NOT NULL
    AND run_id NOT IN (
        SELECT run_id
        FROM store.runs
        QUALIFY row_number() OVER (PARTITION BY map ORDER BY as_of DESC, created_at DESC) <= $newest
            OR ($monthly AND row_number() OVER (
                PARTITION BY map, date_trunc('month', as_of) ORDER BY as_of, created_at
            ) = 1)
    );
