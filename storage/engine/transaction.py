"""All or nothing: what is written together is kept together."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from storage.engine.errors import storage_error, write_error

LOG = 16 << 20
"""Bytes that DuckDB's log grows to before it goes into the file."""


@contextmanager
def transaction(
    connection: duckdb.DuckDBPyConnection, what: object, file: Path | None = None
) -> Iterator[None]:
    """Keep what is written inside when it ends well, nothing of it when it does not.

    Raises
    ------
    StorageError
        DuckDB refused; the message names ``what`` and, where the disk is full, what a run needs:
        room for a copy of the database's ``file`` and for its log.
    """
    try:
        connection.begin()
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    except duckdb.Error as error:
        if file is None:
            raise storage_error(what, error) from None
        raise write_error(what, error, file.parent, room_for_a_run(file)) from None


def room_for_a_run(file: Path) -> int:
    """Return how many bytes a run needs beside a database: a copy to publish, and a log."""
    log = file.with_name(f"{file.name}.wal")
    return LOG + sum(path.stat().st_size for path in (file, log) if path.exists())
