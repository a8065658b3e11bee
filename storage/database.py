"""The working database: one file, one writer, every write in a transaction."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pandas as pd

from marketmap.run import MapRun
from storage import listings, publishing, runs
from storage import prices as raw_prices
from storage.locking import open_for_writing, release
from storage.schema import migrate
from storage.statements import storage_error
from storage.transactions import transaction


class Database:
    """The working database; get one with :meth:`open`, best in a ``with`` statement.

    While it is open no other process can read or write the file: keep it open for as long as one
    writes and no longer. People query the published copy instead. Its methods may be called from
    several threads; they take turns.
    """

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

    def save_listing(self, source: str, as_of: date, listing: pd.DataFrame) -> None:
        """Keep a source's listing of a day, in place of the one that was there.

        Raises
        ------
        DataError
            The listing is empty or names an asset twice.
        """
        with self._transaction() as connection:
            listings.save_listing(connection, source, as_of, listing)

    def listing(self, source: str, as_of: date) -> tuple[pd.DataFrame, date] | None:
        """Give the listing of a day, else of the nearest later, else of the nearest earlier day.

        Returns
        -------
        tuple of (DataFrame, date) or None
            The listing, as :mod:`marketmap.frames` describes it, and its day; None where the
            source has no listing.
        """
        with self._transaction() as connection:
            return listings.read_listing(connection, source, as_of)

    def missing_ranges(
        self, source: str, asset_ids: Iterable[str], start: date, end: date
    ) -> dict[str, list[tuple[date, date]]]:
        """Tell which days of which assets a source has not been asked for with success.

        Returns
        -------
        dict of str to list of (first day, last day)
            By asset id, in order; assets of which nothing is missing are absent.
        """
        with self._transaction() as connection:
            return raw_prices.missing_ranges(connection, source, asset_ids, start, end)

    def upsert_prices(
        self,
        source: str,
        prices: pd.DataFrame,
        asked: Mapping[str, tuple[date, date]] | None = None,
        whole: tuple[Iterable[str], tuple[date, date]] | None = None,
    ) -> int:
        """Insert new prices and update changed ones; prices that are the same stay untouched.

        Parameters
        ----------
        source : str
        prices : DataFrame
            As :mod:`marketmap.frames` describes prices.
        asked : mapping of str to (first day, last day), optional
            By asset id, the days that the source was asked for. They count as covered up to the
            last day that came; where nothing came, up to a week before the last day asked for.
        whole : tuple of (asset ids, (first day, last day)), optional
            Assets and days of which ``prices`` holds all that there is: what was stored of them
            and is not among ``prices`` is removed.

        Returns
        -------
        int
            How many rows were inserted or changed.

        Raises
        ------
        DataError
            An asset has more than one row on a day.
        """
        with self._transaction() as connection:
            return raw_prices.upsert_prices(connection, source, prices, asked, whole)

    def prices(
        self, source: str, asset_ids: Iterable[str], start: date | None, end: date
    ) -> pd.DataFrame:
        """Give the raw prices of assets from ``start`` (None: the first day) to ``end``.

        Returns
        -------
        DataFrame
            As :mod:`marketmap.frames` describes prices.
        """
        with self._transaction() as connection:
            return raw_prices.read_prices(connection, source, asset_ids, start, end)

    def save_run(self, run: MapRun) -> None:
        """Keep everything that a run found, in place of an earlier run of the same id."""
        with self._transaction() as connection:
            runs.save_run(connection, run)

    def publish(self, to: Path) -> None:
        """Put a copy of the database where people query it, in one step.

        Who has the old copy open keeps on reading it; a process sees the new one after it closed
        all its connections to the old one. Every DuckDB 1.x can open the copy.

        Raises
        ------
        StorageError
            The copy could not be written; the previous copy is unchanged.
        """
        with self._turn:
            publishing.publish(self._connection, to)

    def _abandon(self) -> None:
        self._is_open = False
        self._connection.close()
        release(self.path)

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._turn, transaction(self._connection, self.path):
            yield self._connection
