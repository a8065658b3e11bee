"""New rows, handed to a statement as a table, and times as the tables hold them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from storage.engine.sql_files import statement

TIME = pa.timestamp("us")
"""A time in UTC that does not say so, as DuckDB's TIMESTAMP is."""


def run_with(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    rows: Mapping[str, pa.Table],
    parameters: object = None,
) -> int:
    """Run ``statements/<name>.sql``, which reads ``rows`` by the names of its tables.

    Returns
    -------
    int
        How many rows the statement wrote.
    """
    for table, content in rows.items():
        connection.register(table, content)
    written = connection.execute(statement(name), parameters or []).fetchone()
    for table in rows:
        connection.unregister(table)
    return int(written[0]) if written else 0


def utc(moment: datetime) -> datetime:
    """Return a moment as the tables hold it: in UTC, without a zone; one without a zone is UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def plain(text: Any) -> str:
    """Return a stranger's text as one that can be stored: half a surrogate pair cannot."""
    return str(text).encode("utf-8", "replace").decode("utf-8")
