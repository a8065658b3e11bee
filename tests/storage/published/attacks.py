"""What must be refused where the published copy is read: SQL that reaches for anything else.

The statements name files of the folder that :func:`lay_bait` fills, in which they are to be run.
"""

from pathlib import Path

import duckdb

SECRET = "hunter2"
VARIABLE = "MARKETMAP_SECRET"

READS = [
    "FROM 'secret.csv'",
    "FROM 'secret.parquet'",
    "FROM 'secret.json'",
    "FROM 'secret.duckdb'",
    'FROM "secret.csv"',
    "TABLE 'secret.csv'",
    "FROM read_csv('secret.csv')",
    "FROM read_csv_auto('secret.csv')",
    "FROM sniff_csv('secret.csv')",
    "FROM read_parquet('secret.parquet')",
    "FROM parquet_scan('secret.parquet')",
    "FROM parquet_metadata('secret.parquet')",
    "FROM parquet_schema('secret.parquet')",
    "FROM parquet_file_metadata('secret.parquet')",
    "FROM parquet_kv_metadata('secret.parquet')",
    "FROM parquet_bloom_probe('secret.parquet', 'password', 'x')",
    "FROM read_json('secret.json')",
    "FROM read_json_auto('secret.json')",
    "FROM read_json_objects('secret.json')",
    "FROM read_json_objects_auto('secret.json')",
    "FROM read_ndjson('secret.json')",
    "FROM read_ndjson_auto('secret.json')",
    "FROM read_ndjson_objects('secret.json')",
    "FROM read_text('secret.csv')",
    "FROM read_text('../*/secret.csv')",
    "FROM read_text('file:secret.csv')",
    "FROM read_blob('secret.csv')",
    "FROM read_duckdb('secret.duckdb')",
    "FROM glob('*')",
    "FROM glob('secret.csv')",
    "FROM glob('/*')",
    "FROM query('FROM read_text(''secret.csv'')')",
    "FROM query_table('secret.csv')",
    "FROM query_table(['secret.csv'])",
    "SELECT (SELECT content FROM read_text('secret.csv'))",
    "SELECT 1 WHERE EXISTS (FROM glob('secret.csv'))",
    "WITH hidden AS (FROM 'secret.csv') FROM hidden",
    "FROM range(1), LATERAL (FROM read_text('secret.csv'))",
    "DESCRIBE 'secret.csv'",
    "DESCRIBE (FROM 'secret.csv')",
    "SUMMARIZE 'secret.csv'",
    "PIVOT 'secret.csv' ON password",
    "UNPIVOT 'secret.csv' ON password",
    "EXPLAIN ANALYZE FROM read_text('secret.csv')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''secret.csv'')'))",
    "PREPARE p AS FROM read_text(?); EXECUTE p('secret.csv')",
    "CREATE TEMP TABLE t (a VARCHAR); COPY t FROM 'secret.csv'",
    "CREATE TEMP VIEW v AS FROM 'secret.csv'; FROM v",
    "CREATE TEMP MACRO m(f) AS TABLE FROM read_text(f); FROM m('secret.csv')",
    "CREATE MACRO m(f) AS TABLE FROM read_text(f)",
    "SET VARIABLE x = (SELECT content FROM read_text('secret.csv'))",
    "ATTACH 'secret.duckdb'",
    "ATTACH 'secret.duckdb' (READ_ONLY)",
    "ATTACH 'secret.duckdb' AS other (TYPE duckdb)",
]
"""An ordinary connection answers these."""

WRITES = [
    "COPY (SELECT 1) TO 'new.csv'",
    "COPY (SELECT 1) TO 'new.parquet' (FORMAT parquet)",
    "COPY (SELECT 1) TO 'new.json' (FORMAT json)",
    "COPY (SELECT 'x'::BLOB AS a) TO 'new.bin' (FORMAT blob)",
    "COPY (SELECT 1 AS a, 2 AS b) TO 'new' (FORMAT parquet, PARTITION_BY (a))",
    "COPY (SELECT 1) TO 'new' (FORMAT csv, PER_THREAD_OUTPUT)",
    "COPY (SELECT 1) TO 'secret.csv' (USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'new.csv'",
    "PREPARE p AS COPY (SELECT 1) TO 'new.csv'; EXECUTE p",
    "EXPORT DATABASE 'new'",
    "ATTACH 'new.duckdb' AS other; CREATE TABLE other.t AS SELECT 1",
    "ATTACH 'new.duckdb' AS other; COPY FROM DATABASE main_database TO other",
    "PRAGMA enable_profiling='json'; PRAGMA profiling_output='new.json'; SELECT 1",
    "SET enable_profiling='json'; SET profiling_output='new.json'; SELECT 1",
    "CALL enable_profiling(save_location='new.json', format='json'); SELECT 1",
    "SET log_query_path='new.log'; SELECT 1",
    "CALL enable_logging('QueryLog', storage='file', storage_path='new'); SELECT 1; CHECKPOINT",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
]
"""An ordinary connection makes or changes a file."""

TO_STANDARD_OUTPUT = [
    "COPY (SELECT 1) TO '/dev/stdout'",
    "COPY (SELECT 1) TO '/dev/stderr'",
    "CALL enable_logging(storage='stdout')",
    "PRAGMA enable_profiling",
]

ELSEWHERE = [
    "ATTACH 'sqlite:secret.sqlite'",
    "ATTACH 'secret.sqlite' (TYPE sqlite)",
    "ATTACH 'postgres:host=127.0.0.1 port=9'",
    "ATTACH 'http://127.0.0.1:9/secret.duckdb'",
    "ATTACH 'ducklake:secret.ducklake'",
    "FROM 'http://127.0.0.1:9/secret.csv'",
    "FROM 's3://bucket/secret.parquet'",
    "FROM read_xlsx('secret.xlsx')",
    "FROM sqlite_scan('secret.sqlite', 't')",
    "FROM postgres_scan('host=127.0.0.1 port=9', 'public', 't')",
]

SECRETS = [
    f"SELECT getenv('{VARIABLE}')",
    f"FROM query('SELECT getenv(''{VARIABLE}'')')",
    f"SET VARIABLE x = getenv('{VARIABLE}')",
    f"CREATE TEMP MACRO m() AS getenv('{VARIABLE}'); SELECT m()",
    f"FROM json_execute_serialized_sql(json_serialize_sql('SELECT getenv(''{VARIABLE}'')'))",
    "FROM duckdb_secrets(redact = false)",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "DROP SECRET stored",
]

STORED_SECRETS = [
    "FROM duckdb_secrets()",
    "FROM which_secret('http://127.0.0.1:9', 'http')",
]
"""May be answered, with nothing: a user's secrets for DuckDB lie in files, too."""

EXTENSIONS = [
    "INSTALL httpfs",
    "FORCE INSTALL httpfs",
    "INSTALL h3 FROM community",
    "INSTALL 'secret.duckdb_extension'",
    "LOAD httpfs",
    "LOAD 'secret.duckdb_extension'",
]

_LOCKED = {
    "enable_external_access": "true",
    "lock_configuration": "false",
    "allowed_paths": "['secret.csv']",
    "allowed_directories": "['/']",
    "disabled_filesystems": "''",
    "temp_directory": "'.'",
    "secret_directory": "'.'",
    "extension_directory": "'.'",
    "home_directory": "'.'",
    "file_search_path": "'.'",
    "allow_unsigned_extensions": "true",
    "allow_community_extensions": "true",
    "autoinstall_known_extensions": "true",
    "autoload_known_extensions": "true",
    "custom_extension_repository": "'http://127.0.0.1:9'",
    "allow_persistent_secrets": "true",
    "http_proxy": "'127.0.0.1:9'",
    "access_mode": "'read_write'",
    "memory_limit": "'1TB'",
    "threads": "64",
    "log_query_path": "'new.log'",
    "enable_logging": "true",
    "logging_storage": "'file'",
    "profiling_output": "'new.json'",
    "python_scan_all_frames": "true",
    "python_enable_replacements": "true",
    "TimeZone": "'UTC'",
    "default_null_order": "'nulls_first'",
}
SETTINGS = [
    *(f"SET {name} = {value}" for name, value in _LOCKED.items()),
    *(f"RESET {name}" for name in _LOCKED),
    "PRAGMA enable_external_access = true",
    "PRAGMA temp_directory = '.'",
    "PRAGMA profiling_output = 'new.json'",
    "SET GLOBAL enable_external_access = true",
    "SET SESSION lock_configuration = false",
    "SET LOCAL threads = 1",
    "EXPLAIN ANALYZE SET threads = 1",
    "PRAGMA disable_optimizer",
    "PRAGMA enable_progress_bar",
    "PRAGMA verify_external",
    "CALL disable_logging()",
    "CALL disable_profiling()",
]

CHANGES = [
    "WITH gone AS (DELETE FROM store.runs RETURNING *) FROM gone",
    "DELETE FROM store.runs RETURNING *",
    "EXPLAIN ANALYZE UPDATE store.runs SET map = 'x'",
    "PREPARE p AS DELETE FROM store.runs; EXECUTE p",
    "TRUNCATE store.runs",
    "MERGE INTO store.runs USING (SELECT 1) ON true WHEN MATCHED THEN DELETE",
    "DROP TABLE store.runs",
    "DROP SCHEMA store CASCADE",
    "ALTER TABLE store.runs ADD COLUMN mine INTEGER",
    "COMMENT ON TABLE store.runs IS 'mine'",
    "CREATE INDEX mine ON store.runs (map)",
    "CREATE SCHEMA mine",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE OR REPLACE VIEW latest_clusters AS SELECT 1",
    "CREATE SEQUENCE mine",
    "CREATE TYPE mine AS ENUM ('a')",
    "CREATE MACRO mine() AS 1",
    "CALL force_checkpoint('store')",
    "COPY store.runs FROM 'secret.csv'",
    "IMPORT DATABASE 'exported'",
]

ATTACKS = [
    *READS,
    *WRITES,
    *TO_STANDARD_OUTPUT,
    *ELSEWHERE,
    *SECRETS,
    *EXTENSIONS,
    *CHANGES,
]

UNKNOWN_TO_PYTHON = ["UPDATE EXTENSIONS", "UPDATE EXTENSIONS (httpfs)", "CONNECT 'other'"]
"""DuckDB's Python package has no name for these kinds of statement."""

ON_THE_COPY = [
    "COPY (SELECT 1) TO '{copy}' (FORMAT csv, USE_TMP_FILE false)",
    "COPY (SELECT 'x'::BLOB) TO '{copy}' (FORMAT blob, USE_TMP_FILE false)",
    "COPY (SELECT 1) TO '{copy}.wal' (FORMAT csv)",
    "COPY (SELECT 1) TO '{copy}.wal.recovery' (FORMAT csv)",
    "COPY (SELECT 1) TO '{copy}.wal.checkpoint' (FORMAT csv)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{copy}' (FORMAT csv, USE_TMP_FILE false)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{copy}.wal' (FORMAT csv)",
    "FROM read_blob('{copy}')",
]
"""DuckDB lets SQL write a file that it has open as a database, whatever else is forbidden."""

OPENED_ANEW = [
    "ATTACH '{copy}' AS again (READ_WRITE); DELETE FROM again.store.runs",
    "ATTACH OR REPLACE '{copy}' AS marketmap (READ_WRITE); DELETE FROM marketmap.store.runs",
    "USE memory; DETACH marketmap; ATTACH '{copy}' AS marketmap; DELETE FROM marketmap.store.runs",
]
"""A database that is closed may be opened again, for writing."""


def lay_bait(folder: Path) -> None:
    """Put files of every kind into a folder, each with a secret."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE secret AS SELECT '{SECRET}' AS password")
        for kind in ("csv", "parquet", "json"):
            connection.execute(f"COPY secret TO '{folder / 'secret'}.{kind}' (FORMAT {kind})")
        connection.execute(f"ATTACH '{folder / 'secret.duckdb'}' AS bait")
        connection.execute("CREATE TABLE bait.t AS FROM secret")
        stored = folder / ".duckdb" / "stored_secrets"
        connection.execute(f"SET secret_directory = '{stored}'")
        connection.execute(f"CREATE PERSISTENT SECRET stored (TYPE http, BEARER_TOKEN '{SECRET}')")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
