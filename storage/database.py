"""The working database: one file, one writer, every write in a transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from marketmap.run import Finding, MapRun
from marketmap.settings import KeepSettings
from marketmap.sources.answers import Answer
from storage.engine.connection import WorkingFile
from storage.published import publish as publishing
from storage.runs import matrices
from storage.runs import write as runs
from storage.safety.manifest import Manifest
from storage.tables import answers as fetched
from storage.tables import coverage as coverages
from storage.tables import disputes, findings, listings, pairs, quarantine
from storage.tables import prices as raw_prices


class Database(WorkingFile):
    """The working database; get one with :meth:`open`, best in a ``with`` statement.

    While it is open no other process can read or write the file: keep it open for as long as one
    writes and no longer. People query the published copy instead. Its methods may be called from
    several threads; they take turns.
    """

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
        """Return the listing of a day, else of the nearest later, else of the nearest earlier day.

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
        """Return which days of which assets a source has not been asked for with success.

        Returns
        -------
        dict of str to list of (first day, last day)
            By asset id, in order; assets of which nothing is missing are absent.
        """
        with self._transaction() as connection:
            return coverages.missing_ranges(connection, source, asset_ids, start, end)

    def upsert_prices(
        self,
        source: str,
        prices: pd.DataFrame,
        coverage: Mapping[str, tuple[date, date]] | None = None,
        whole: tuple[Iterable[str], tuple[date, date]] | None = None,
    ) -> int:
        """Insert new prices and update changed ones; prices that are the same stay untouched.

        For local sources. What changes is not recorded among the revisions: a file whose adjusted
        closes all change daily would flood them. Answers of remote sources are kept with
        :meth:`store_answers`.

        Parameters
        ----------
        source : str
        prices : DataFrame
            As :mod:`marketmap.frames` describes prices.
        coverage : mapping of str to (first day, last day), optional
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
            return raw_prices.upsert_prices(connection, source, prices, coverage, whole)

    def prices(
        self, source: str, asset_ids: Iterable[str], start: date | None, end: date
    ) -> pd.DataFrame:
        """Return the raw prices of assets from ``start`` (None: the first day) to ``end``.

        Returns
        -------
        DataFrame
            As :mod:`marketmap.frames` describes prices.
        """
        with self._transaction() as connection:
            return raw_prices.read_prices(connection, source, asset_ids, start, end)

    def store_answers(
        self,
        source: str,
        answers: Sequence[Answer],
        why: fetched.Why = "source",
        overruled: pd.DataFrame | None = None,
    ) -> int:
        """Keep all that a remote source answered; what is known already is not written again.

        Every attempt enters the ledger, what was quarantined and what assets are called is kept,
        and of prices what :meth:`upsert_prices` keeps: the rows, and the days that need not be
        asked for again. Values that replace others are recorded as revisions. A listing's rows are
        not among it; :meth:`save_listing` keeps them.

        Parameters
        ----------
        source : str
        answers : sequence of Answer
            Several may be of one asset.
        why : {"source", "replay"}
            Whether the source was asked, or archived answers are read anew.
        overruled : DataFrame, optional
            Stored prices that the answers have shown to be wrong, as quarantined rows
            (:mod:`marketmap.sources.answers`). They go to the quarantine, and what the answers do
            not tell of their days instead is to be asked for again.

        Returns
        -------
        int
            How many rows of prices were inserted or changed.

        Raises
        ------
        DataError
            An asset has more than one row on a day; nothing is stored.
        """
        with self._transaction() as connection:
            return fetched.store_answers(connection, source, answers, why, overruled)

    def equal_prices(
        self, source: str, prices: pd.DataFrame, *, without: Iterable[str] = (), fewest: int
    ) -> pd.DataFrame:
        """Find prices that are another asset's to the last digit.

        Parameters
        ----------
        source : str
        prices : DataFrame
            Prices that came; they are compared with one another too.
        without : iterable of str
            Assets whose stored prices are not compared with.
        fewest : int
            Of equal days and of different closes among them.

        Returns
        -------
        DataFrame
            ``asset_id``, ``other_id`` and ``n_days``.
        """
        with self._transaction() as connection:
            return disputes.equal_prices(connection, source, prices, without, fewest)

    def newest_sizes(self, source: str, asset_ids: Iterable[str]) -> dict[str, dict[str, float]]:
        """Return the ``market_cap`` and ``turnover`` that assets were last listed with, by id."""
        with self._transaction() as connection:
            return disputes.newest_sizes(connection, source, asset_ids)

    def requests_since(self, source: str, since: datetime) -> pd.DataFrame:
        """Count the requests to a source from a moment on, by what came of them.

        Returns
        -------
        DataFrame
            ``outcome``, ``n_requests``, ``newest_at`` (UTC) and ``newest_detail``; most frequent
            first.
        """
        with self._transaction() as connection:
            return fetched.requests_since(connection, source, since)

    def quarantine(self, source: str | None = None, *, open_only: bool = True) -> pd.DataFrame:
        """List what was not fit to be stored, of one source or of all.

        Returns
        -------
        DataFrame
            ``source``, ``asset_id`` (empty: the listing), ``symbol`` (its newest label), ``date``
            (NaT: a whole body), ``reason``, ``detail``, ``raw``, ``open`` to ``turnover``,
            ``first_seen``, ``last_seen`` (UTC) and ``is_open``: whether the day has no price until
            now. A whole body is never open: the ledger tells what came instead.
        """
        with self._transaction() as connection:
            return quarantine.read_quarantine(connection, source, open_only=open_only)

    def release(self, source: str, rows: pd.DataFrame) -> int:
        """Make prices of quarantined rows, as :meth:`quarantine` lists them.

        Their days need not be asked for again. A price that such a row replaces is recorded as a
        revision.

        Returns
        -------
        int
            How many rows of prices were inserted or changed.

        Raises
        ------
        DataError
            A row has no day or no close, or an asset has more than one row on a day.
        """
        with self._transaction() as connection:
            return quarantine.release_rows(connection, source, rows)

    def market_moves(self, source: str, days: Iterable[date]) -> pd.DataFrame:
        """Return how a source's market moved on days: the median of its assets' log returns.

        Returns
        -------
        DataFrame
            ``date``, ``move`` and ``n_assets``, one row per day in order. An asset counts where
            both the day and the one before have a close above zero; ``move`` is NaN where none
            does.
        """
        with self._transaction() as connection:
            return raw_prices.market_moves(connection, source, days)

    def save_pairs(
        self, source: str, other_source: str, found: pd.DataFrame, checked_at: datetime
    ) -> None:
        """Keep which ids another source has for assets, in place of what was known of them.

        Parameters
        ----------
        source, other_source : str
        found : DataFrame
            ``asset_id``, ``other_id``, ``n_days`` and ``worst``: how many closes were compared, and
            the largest relative difference among them.
        checked_at : datetime

        Raises
        ------
        DataError
            An asset has more than one pair.
        """
        with self._transaction() as connection:
            pairs.save_pairs(connection, source, other_source, found, checked_at)

    def forget_pairs(self, source: str, other_source: str, refuted: pd.DataFrame) -> None:
        """Forget pairs (``asset_id``, ``other_id``) that newer closes have shown to be wrong."""
        with self._transaction() as connection:
            pairs.forget_pairs(connection, source, other_source, refuted)

    def pairs(self, source: str, other_source: str) -> pd.DataFrame:
        """Return the pairs of two sources, with ``checked_at`` (UTC), in order of asset id."""
        with self._transaction() as connection:
            return pairs.read_pairs(connection, source, other_source)

    def save_run(
        self,
        run: MapRun,
        keep: KeepSettings = KeepSettings(),  # noqa: B008
        found: Iterable[Finding] = (),
    ) -> None:
        """Keep everything that a run found, in place of an earlier run of the same id.

        Its matrices go into a file beside the database (:mod:`storage.runs.matrices`), and the
        manifest there tells of it (:mod:`storage.safety.manifest`).

        Parameters
        ----------
        run : MapRun
        keep : KeepSettings
            Which runs keep their matrices; those of others are removed.
        found : iterable of Finding
            What was found out about the run at once; stored in the same transaction.
        """
        folder = matrices.folder_of(self.path)
        with self._turn:
            with self._transaction() as connection:
                made = runs.save_run(connection, run, folder, keep)
                for finding in found:
                    findings.save_finding(connection, finding)
            Manifest(self.path.parent).add(made)
            matrices.sweep(folder, matrices.kept(self._connection))

    def save_finding(self, finding: Finding) -> None:
        """Keep what was found out about a run, in place of an earlier finding of the same key.

        The key is the run, the kind and the hash of the finding's settings; the run itself is not
        touched.

        Raises
        ------
        StorageError
            A run that it rests on is not stored.
        """
        with self._transaction() as connection:
            findings.save_finding(connection, finding)

    def stale_findings(self) -> pd.DataFrame:
        """List the findings that rest on a run which is gone, or came out otherwise since.

        Returns
        -------
        DataFrame
            ``map``, ``as_of``, ``kind``, ``run_id`` and ``settings_digest``.
        """
        with self._transaction() as connection:
            return findings.stale_findings(connection)

    def publish(self, to: Path, *, linked: bool = True) -> None:
        """Put a copy of the database where people query it, in one step.

        Who has the old copy open keeps on reading it, and delays nobody. The copy is the file as it
        is, in a format that DuckDB 1.2 and newer can open. The files of matrices are the same where
        the disk is, unless ``linked`` is false.

        Raises
        ------
        StorageError
            The copy could not be written; the previous copy is unchanged.
        """
        with self._turn:
            publishing.publish(self._connection, self._file(), to, linked=linked)
