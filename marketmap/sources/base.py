"""What every source can do: list its assets as of a day, and tell one asset's prices.

A source gives frames as :mod:`marketmap.frames` describes them and knows nothing of what is
already stored. Days are UTC days; a source never gives a day that is not complete yet.
"""

from datetime import date, datetime
from typing import Protocol

import pandas as pd

from marketmap.settings import RankBy


class Source(Protocol):
    """A listing as of a day, and a price history for an asset between two days."""

    @property
    def name(self) -> str:
        """The key under which its prices are stored, such as ``coinmarketcap``."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether asking costs requests: then only days that are not stored yet are asked for."""
        ...

    @property
    def has_past_listings(self) -> bool:
        """Whether ``listing`` tells a past day's assets, those that later vanished included."""
        ...

    def last_day(self, now: datetime) -> date:
        """Tell the last complete day (or session) that the source can have at ``now`` (UTC)."""
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
        """Tell an asset's prices from ``start`` to ``end``, both included; maybe none.

        Raises
        ------
        SourceDownError
            The source did not answer.
        SourceError
            It answered with an error or nonsense.
        """
        ...

    def planted_sectors(self) -> "pd.Series | None":
        """Tell the true sector of each asset id where the market is simulated, else None."""
        ...
