SELECT format('store."{}"', table_name)
FROM duckdb_tables()
WHERE schema_name = 'store' AND database_name = current_database();
