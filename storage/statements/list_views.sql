SELECT known.view_name, list(part.column_name ORDER BY part.column_index)
FROM duckdb_views() AS known
JOIN duckdb_columns() AS part
    ON part.table_oid = known.view_oid AND part.schema_name = known.schema_name
WHERE NOT known.internal AND known.schema_name = 'main'
GROUP BY known.view_name
ORDER BY known.view_name;
