"""What databases of older versions need beside SQL, once, when they are opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from marketmap.settings import KeepSettings
from storage.engine.errors import write_error
from storage.engine.files import TEMPORARY, sync
from storage.engine.lock import FORMAT
from storage.engine.schema import schema_version
from storage.engine.sql_files import statement
from storage.runs import matrices

MATRICES_IN_FILES = 3
"""Since this version of the schema."""


def is_newer_format(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a file can be read by the newest DuckDB alone."""
    found = connection.execute(statement("read_format")).fetchone()
    return found is not None and not str(found[0]).startswith(FORMAT)


def rewrite(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write a database anew in the oldest format; to be opened again by then.

    Raises
    ------
    StorageError
        There is no room for it; the file is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        temporary.unlink(missing_ok=True)
        try:
            connection.execute("CHECKPOINT")
            _copy(connection, temporary)
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except (duckdb.Error, OSError) as error:
        what = f"{path}: not rewritten for this version"
        raise write_error(what, error, path.parent, path.stat().st_size) from None


def _copy(connection: duckdb.DuckDBPyConnection, to: Path) -> None:
    row = connection.execute("SELECT current_database()").fetchone()
    database = str(row[0] if row else "").replace('"', '""')
    connection.execute(statement("attach_copy"), [str(to)])
    try:
        connection.execute(f'COPY FROM DATABASE "{database}" TO rewritten')
    finally:
        connection.execute("DETACH rewritten")


@contextmanager
def matrices_moved(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """Take matrices out of the tables, in which they were once, before the block migrates them."""
    moved = {}
    if 0 < (schema_version(connection) or 0) < MATRICES_IN_FILES:
        moved = _move(connection, matrices.folder_of(path))
    yield
    for run_id, digest in moved.items():
        connection.execute(statement("record_matrices"), [digest, run_id])


def _move(connection: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    keep = KeepSettings()
    retention = {"newest": keep.matrices, "monthly": keep.monthly_matrices}
    digests = {}
    for run_id, as_of in connection.execute(statement("older_runs"), retention).fetchall():
        rows = connection.execute(statement("older_matrices"), [run_id]).df()
        ids = pd.Index(rows["asset_id"])
        frames = {
            name: pd.DataFrame(np.vstack(rows[name].tolist()), index=ids, columns=ids)
            for name in matrices.MATRICES
        }
        digests[run_id] = matrices.write_frames(folder, as_of, run_id, frames)
    return digests
