"""The published copy: a whole new file each time, put in the old one's place in one step."""

import os
from pathlib import Path

import duckdb

from storage.statements import statement, storage_error


def publish(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
    """Copy a database for its readers; see :meth:`storage.Database.publish`."""
    temporary = to.parent / f".{to.name}.{os.getpid()}.publishing"
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(to)
        try:
            _copy(connection, temporary)
            sync(temporary)
            # A log that a client left beside the old file is not the new file's.
            to.with_name(f"{to.name}.wal").unlink(missing_ok=True)
            temporary.replace(to)
            sync(to.parent)
        finally:
            _remove_leftovers(to)
    except (duckdb.Error, OSError) as error:
        raise storage_error(f"{to}: not published, what was there is unchanged", error) from None


def _copy(connection: duckdb.DuckDBPyConnection, temporary: Path) -> None:
    row = connection.execute("SELECT current_database()").fetchone()
    database = str(row[0] if row else "").replace('"', '""')
    connection.execute(statement("attach_copy"), [str(temporary)])
    try:
        connection.execute(f'COPY FROM DATABASE "{database}" TO published_copy')
    finally:
        connection.execute("DETACH published_copy")


def _remove_leftovers(to: Path) -> None:
    """Remove what publishers that were killed have left: only one can be at work."""
    start, end = f".{to.name}.", ".publishing"
    for entry in to.parent.iterdir():
        if entry.name.startswith(start) and end in entry.name:
            entry.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
