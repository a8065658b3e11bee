"""Another DuckDB reads a published copy: run by a Python that has it, and nothing else of ours."""

import hashlib
import json
import sys

import duckdb

VIEWS = """
    SELECT view_name FROM duckdb_views()
    WHERE schema_name = 'main' AND NOT internal AND database_name = ? ORDER BY view_name
"""
WITHOUT_COMMENT = """
    SELECT table_name || '.' || column_name FROM duckdb_columns()
    WHERE comment IS NULL AND schema_name = 'main' AND NOT internal AND database_name = ?
"""


def main() -> None:
    """Read ``{copy, way, queries}`` from standard input and print what was answered, as JSON."""
    asked = json.load(sys.stdin)
    connection, name, prefix = opened(asked["copy"], asked["way"])
    views = [view for (view,) in connection.execute(VIEWS, [name]).fetchall()]
    answers = {}
    for view in views:
        # A view of one's own on top, as an analyst makes it.
        connection.execute(f"CREATE TEMP VIEW own_{view} AS FROM {prefix}{view}")
        answers[view] = digest(connection, f"FROM {prefix}{view}")
        assert answers[view] == digest(connection, f"FROM own_{view}"), view
    for name_of, query in asked["queries"].items():
        if not prefix:  # they name the views without a database
            answers[f"{name_of}.sql"] = digest(connection, query)
    bare = [column for (column,) in connection.execute(WITHOUT_COMMENT, [name]).fetchall()]
    told = {"version": duckdb.__version__, "answers": answers, "without_comment": bare}
    print(json.dumps(told))


def opened(copy: str, way: str) -> "tuple[duckdb.DuckDBPyConnection, str, str]":
    """Open the copy; return the connection, the database's name and how views are to be named."""
    if way == "opened":
        connection = duckdb.connect(copy, read_only=True)
        row = connection.execute("SELECT current_database()").fetchone()
        return connection, str(row[0] if row else ""), ""
    connection = duckdb.connect()
    quoted = copy.replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS mm (READ_ONLY)")
    if way == "attached":
        return connection, "mm", "mm."
    connection.execute("USE mm")
    return connection, "mm", ""


def digest(connection: "duckdb.DuckDBPyConnection", query: str) -> str:
    """Return how many rows a query has and a digest of them; their order says nothing."""
    rows = connection.execute(query).fetchall()
    text = sorted(repr([plain(value) for value in row]) for row in rows)
    return f"{len(rows)} {hashlib.sha256(repr(text).encode()).hexdigest()[:12]}"


def plain(value: object) -> object:
    """Return a value as every version gives it; a sum's last digits depend on its order."""
    return f"{value:.9g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
