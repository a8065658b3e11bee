"""Everything that a database holds, to be compared."""

from pathlib import Path

import duckdb


def dump(database: Path, *, without: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Return every base table's rows, sorted, leaving out the columns named ``table.column``."""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "WHERE schema_name = 'store' GROUP BY table_name"
        ).fetchall()
        content = {}
        for table, columns in tables:
            kept = [f'"{name}"' for name in columns if f"{table}.{name}" not in without]
            rows = connection.execute(f"SELECT {', '.join(kept)} FROM store.{table}").fetchall()
            content[table] = sorted(repr(row) for row in rows)
        return content
