"""What every source can do: list its assets as of a day, and return an asset's prices.

A source returns frames as :mod:`marketmap.frames` describes them and knows nothing of what is
already stored. Days are those that stamps name (:mod:`marketmap.days`), of UTC where they name no
place; a source never returns a day that is not over yet.
"""

from datetime import date, datetime
from typing import Protocol, TypeGuard

import pandas as pd

from marketmap.settings import RankBy
from marketmap.sources.answers import Answer, ArchivedAnswer, Window


class Source(Protocol):
    """A listing as of a day, and a price history for an asset between two days."""

    @property
    def name(self) -> str:
        """The key under which its prices are stored, such as ``coinmarketcap``."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether asking costs requests; then only days that are not stored yet are asked for."""
        ...

    @property
    def has_past_listings(self) -> bool:
        """Whether ``listing`` knows a past day's assets, those that later vanished included."""
        ...

    def last_day(self, now: datetime) -> date:
        """Return the last complete day (or session) that the source can have at ``now`` (UTC)."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what the source left out or could not know, for the readers of a map."""
        ...

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        """List the ``size`` largest assets as of a day, largest first.

        Parameters
        ----------
        as_of : date
        size : int
        rank_by : {"auto", "market_cap", "turnover"}
            What makes an asset large; auto is market cap where the source knows one.

        Raises
        ------
        SourceDownError
            The source did not answer.
        SourceError
            It answered with an error, nonsense or an empty list.
        """
        ...

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Return an asset's prices from ``start`` to ``end``, both included; maybe none.

        Raises
        ------
        SourceDownError
            The source did not answer.
        SourceError
            It answered with an error or nonsense.
        """
        ...


class RemoteSource(Source, Protocol):
    """A source that is asked over the network, request by request; its methods never raise.

    They return an :class:`Answer`, which holds the error where asking failed.
    """

    @property
    def has_given_up(self) -> bool:
        """Whether it failed so often, or was stopped, that it is not asked for now."""
        ...

    def stop(self) -> None:
        """Let everything that asks, in any thread, end soon."""
        ...

    def windows(self, asset_id: str, start: date, end: date) -> list[Window]:
        """Split days into requests, the newest first; together they hold each day once."""
        ...

    def ask_listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> Answer:
        """Ask for what :meth:`listing` returns."""
        ...

    def ask_prices(self, window: Window) -> Answer:
        """Ask for the prices of one window; the answer names the part of it that it covers."""
        ...

    def read_again(self, archived: ArchivedAnswer, rank_by: RankBy = "auto") -> Answer:
        """Read an archived answer again, without asking.

        A listing that was ranked otherwise than ``rank_by`` is an error.
        """
        ...


def is_remote(source: Source) -> "TypeGuard[RemoteSource]":
    """Return whether asking a source costs requests."""
    return source.is_remote
