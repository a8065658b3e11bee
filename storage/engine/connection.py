"""The working database's file: opened by one process, with every write in a transaction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import duckdb

from marketmap.errors import StorageError
from storage.engine.errors import ADVICE, write_error
from storage.engine.lock import open_for_writing, release
from storage.engine.schema import migrate
from storage.engine.transaction import room_for_a_run, transaction
from storage.safety.manifest import NAME, Manifest


class WorkingFile:
    """An open database file; :class:`storage.Database` says what can be kept in it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._turn = threading.RLock()
        self._is_open = True
        self._opened: IO[bytes] | None = None

    @classmethod
    def open(cls, path: Path, wait_seconds: float = 30.0, *, anew: bool = False) -> Self:
        """Open a database, made with its folders where it is missing, and migrate its schema.

        Where the manifest beside it tells of runs, a database that is missing is lost, and is not
        made unless ``anew`` says so: it would be published in the place of the last copy.

        A log that cannot be replayed, left by a process that was killed on a failing disk, is set
        aside with a warning: the database is then that of an earlier moment.

        Parameters
        ----------
        path : Path
        wait_seconds : float
            How long to wait for another process that has the database open.
        anew : bool

        Raises
        ------
        StorageError
            The database is still held by another process, which the message names; or it is
            lost, damaged, not marketmap's, or of a newer version.
        """
        if not anew and not path.exists() and (lost := Manifest(path.parent).runs()):
            raise StorageError(
                f"{path}: is gone, with {len(lost)} runs that {NAME} beside it names{ADVICE}"
            )
        database = cls(open_for_writing(path, wait_seconds), path)
        try:
            migrate(database._connection, str(path))
        except BaseException:
            database._abandon()
            raise
        return database

    def close(self) -> None:
        """Write everything into the file itself (a checkpoint) and let the next one open it."""
        with self._turn:
            if not self._is_open:
                return
            try:
                self._connection.execute("CHECKPOINT")
            except duckdb.Error as error:
                what = f"{self.path}: what was stored is in its log, not yet in the file itself"
                room = room_for_a_run(self.path)
                raise write_error(what, error, self.path.parent, room) from None
            finally:
                self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(StorageError) if error else nullcontext():  # the first error tells more
            self.close()

    def _file(self) -> IO[bytes]:
        """Return the file's bytes; closed with the connection, as closing it ends DuckDB's lock."""
        if self._opened is None:
            self._opened = self.path.open("rb")
        return self._opened

    def _abandon(self) -> None:
        self._is_open = False
        self._connection.close()
        if self._opened is not None:
            self._opened.close()
        release(self.path)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._turn, transaction(self._connection, self.path, self.path):
            yield self._connection
