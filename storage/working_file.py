"""The working database's file: opened by one process, with every write in a transaction."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from storage.locking import open_for_writing, release
from storage.schema import migrate
from storage.statements import storage_error
from storage.transactions import transaction


class WorkingFile:
    """An open database file; :class:`storage.Database` says what can be kept in it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._turn = threading.RLock()
        self._is_open = True

    @classmethod
    def open(cls, path: Path, wait_seconds: float = 30.0) -> Self:
        """Open a database, made with its folders where it is missing, and migrate its schema.

        Parameters
        ----------
        path : Path
        wait_seconds : float
            How long to wait for another process that has the database open.

        Raises
        ------
        StorageError
            The database is still held by another process, which the message names; or it is
            damaged, not marketmap's, or of a newer version.
        """
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
                raise storage_error(self.path, error) from None
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
        self.close()

    def _abandon(self) -> None:
        self._is_open = False
        self._connection.close()
        release(self.path)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._turn, transaction(self._connection, self.path):
            yield self._connection
