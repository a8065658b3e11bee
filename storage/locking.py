"""One writer: the working database is opened by one process, once, or waited for."""

import re
import threading
import time
from pathlib import Path

import duckdb

from marketmap.errors import StorageError
from storage.statements import storage_error

POLL_SECONDS = 0.05

_HOLDER = re.compile(r"lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
_guard = threading.Lock()
_held: set[Path] = set()


def open_for_writing(path: Path, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Open a database file for oneself; end with :func:`release`.

    DuckDB locks the file against other processes, but lets one process open it many times: within
    the process the files that are open are remembered here.

    Raises
    ------
    StorageError
        Somebody still holds the file after ``wait_seconds``; or it is no DuckDB database, or
        cannot be read or made.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        holder = _try_to_hold(path)
        if isinstance(holder, duckdb.DuckDBPyConnection):
            return holder
        if time.monotonic() >= deadline:
            raise StorageError(
                f"{path}: held by {holder}, also after waiting {wait_seconds:g} s; only one can "
                "write: wait until it is done or end it, then try again"
            )
        time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))


def release(path: Path) -> None:
    """Let the next one open the file, after its connection was closed."""
    with _guard:
        _held.discard(path.resolve())


def _try_to_hold(path: Path) -> duckdb.DuckDBPyConnection | str:
    """Open the file, or tell who holds it."""
    with _guard:
        if path.resolve() in _held:
            return "this very process"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "Could not set lock on file" not in str(error):
                raise storage_error(path, error) from None
            holder = _HOLDER.search(str(error))
            if holder is None:
                return "another process"
            return f"process {holder['pid']} ({Path(holder['program']).name})"
        except (duckdb.Error, OSError) as error:
            raise storage_error(path, error) from None
        _held.add(path.resolve())
        return connection
