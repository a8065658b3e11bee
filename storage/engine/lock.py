"""One writer: the working database is opened by one process, once, or waited for."""

import logging
import re
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import duckdb

from marketmap.errors import StorageError
from storage.engine.errors import NO_SPACE, one_line, storage_error

POLL_SECONDS = 0.05

CONFIG: dict[str, str | bool] = {
    "storage_compatibility_version": "v1.0.0",
    "experimental_metadata_reuse": False,
}
"""How the file is written, so that older clients can open the published copy, which is the file as
it is: in the oldest format that there is (measured, it is no larger and no slower than the newest),
and with all of its metadata written anew by each checkpoint. Where DuckDB 2.0 uses metadata again
that is there already, it leaves blocks out of a list that clients before 1.4 rely on."""

log = logging.getLogger("marketmap.database")
"""Of the family whose lines a person sees while a flow works."""

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
    """Open the file, or return who holds it."""
    with _guard:
        if path.resolve() in _held:
            return "this very process"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(path)
        except duckdb.Error as error:
            if "Could not set lock on file" not in str(error):
                raise storage_error(path, error) from None
            holder = _HOLDER.search(str(error))
            if holder is None:
                return "another process"
            return f"process {holder['pid']} ({Path(holder['program']).name})"
        except OSError as error:
            raise storage_error(path, error) from None
        _held.add(path.resolve())
        return connection


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database, with what its log holds; a log that cannot be read is set aside."""
    try:
        return duckdb.connect(str(path), config=dict(CONFIG))
    except duckdb.Error as error:
        if "Failure while replaying WAL" not in str(error) or NO_SPACE in str(error):
            raise
        aside = set_aside(path.with_name(f"{path.name}.wal"))
        log.warning(
            "%s: its log cannot be read and is kept as %s; the database is that of an earlier "
            "moment, and marketmap doctor tells which runs are missing (%s)",
            path,
            aside.name,
            one_line(error),
        )
        return duckdb.connect(str(path), config=dict(CONFIG))


def set_aside(path: Path) -> Path:
    """Give a damaged file a name that tells what it is and since when, and return that name."""
    return path.rename(name_aside(path, "damaged"))


def name_aside(path: Path, why: Literal["damaged", "replaced"]) -> Path:
    """Name a file that is put out of the way, with the moment at which it was."""
    return path.with_name(f"{path.name}.{why}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
