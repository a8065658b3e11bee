-- How many tables there are, and whether the table of versions is one of them.
SELECT
    count(*),
    count(*) FILTER (WHERE schema_name = 'store' AND table_name = 'schema_version')
FROM duckdb_tables()
WHERE database_name = current_database();
