"""Prices from a long CSV or Parquet file, such as stocks or an exchange's data."""

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES, listing_frame, price_frame
from marketmap.settings import FilesSettings, RankBy
from marketmap.sources.files.table import read_table
from marketmap.sources.files.weekdays import weekdays_of

ONE_DAY = timedelta(days=1)

# An asset without a price for so long is not traded any more; turnover is the median of this time.
RECENT_DAYS = 10
ALIVE_DAYS = 30
# A market cap that is older says nothing of the day.
MARKET_CAP_DAYS = 7


class Files:
    """A file of prices; an asset's id is its symbol there.

    Columns ``date, symbol, close``, and where present ``open, high, low, volume, market_cap, name,
    turnover``; others are ignored. Or a column per asset. A stamp is of the day that it names at
    its own place (:mod:`marketmap.days`). The file is read and checked as a whole when the source
    is made.

    Parameters
    ----------
    settings : FilesSettings
    folder : Path
        Where a relative path starts.

    Raises
    ------
    DataError
        The file is missing or unreadable, lacks a column, or holds what it must not hold: text for
        a number or a date, infinite numbers, days in the future, intraday bars, rows of most assets
        that contradict each other; or it can be read in two ways.
    ConfigError
        It is of Excel, and what reads such files is not installed.
    """

    is_remote = False
    # A listing is made from the prices up to its day. Whether the file lacks what vanished since is
    # another question: where it seems so, a note says it.
    has_past_listings = True

    def __init__(self, settings: FilesSettings, folder: Path) -> None:
        self.name = f"files:{settings.path.as_posix()}"
        self._path = folder / settings.path.expanduser()
        self._calendar = settings.calendar
        self._table = read_table(self._path, settings, datetime.now(UTC).date())
        self._weekdays = weekdays_of(self._table)
        self.notes = (
            *self._table.notes,
            *self._mixed(),
            *self._stray(),
            *self._unranked(),
            *self._survivors(),
        )

    def check(self) -> None:
        """Refuse a file of which no day can be mapped; what it holds was checked when it was read.

        Raises
        ------
        DataError
            The calendar is every day, but all assets trade in sessions.
        """
        if (
            self._calendar == "daily"
            and self._weekdays.in_sessions
            and not self._weekdays.every_day
        ):
            raise DataError(
                f"{self._path}: all assets trade on some weekdays only, but source.calendar is "
                "daily, every UTC day; for stocks and the like set source.calendar: sessions"
            )

    def last_day(self, now: datetime) -> date:
        """Return the last day of the file that is over and that at least half of its assets have.

        Raises
        ------
        DataError
            No day of the file is.
        """
        today = now.astimezone(UTC).date()
        days = self._full_days
        over = days[: np.searchsorted(days, np.datetime64(today, "D"))]
        if len(over) == 0:
            first = self._days[0]
            raise DataError(f"{self._path}: no day before {today}; the first is {first}")
        last: date = over[-1].item()
        return last

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        """List the largest assets as of a day, from prices up to that day only.

        Market cap is the latest known within seven days, turnover the median of thirty. Assets
        without a market cap come after those with one, by turnover. All whose prices ended earlier
        come last, beyond ``size``: a map says of each why it is not on it.

        Raises
        ------
        DataError
            No asset has a price in the thirty days, or what to rank by is known of none.
        """
        rows = [
            summary
            for symbol in self._table.rows
            if (summary := self._summary(symbol, as_of)) is not None
        ]
        if not rows:
            raise DataError(
                f"{self._path}: no asset has a price in the {ALIVE_DAYS} days up to {as_of}; "
                f"the file holds {self._days[0]} to {self._days[-1]}"
            )
        listing = pd.DataFrame(rows).sort_values("asset_id")
        if rank_by != "auto" and not (listing[rank_by] > 0).any():
            raise DataError(
                f"{self._path}: no {rank_by} is known as of {as_of}, "
                f"but universe.rank_by is {rank_by}"
            )
        keys = ["turnover"] if rank_by == "turnover" else ["market_cap", "turnover"]
        # Sorted by the lesser key first; a stable sort keeps its order among equals.
        for key in reversed(keys):
            listing = listing.sort_values(key, ascending=False, kind="stable")
        return listing_frame(pd.concat([listing.head(size), self._ended(as_of)]))

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Return an asset's prices from ``start`` to ``end``, both included; none if unknown."""
        rows = self._between(self._table.rows.get(asset_id, slice(0, 0)), start, end)
        values = {column: self._table.values[column][rows] for column in PRICE_VALUES}
        return price_frame(
            pd.DataFrame({"date": self._table.days[rows], **values}, copy=False).assign(
                asset_id=asset_id
            )
        )

    def refused(self, start: date, end: date) -> dict[str, str]:
        """Return why assets are not fit to be mapped of some days, by id: their rows disagree."""
        disputes = [it for it in self._table.disputes if start <= it.day <= end]
        return {it.symbol: f"{it.day}: {it.detail}" for it in reversed(disputes)}

    @cached_property
    def _days(self) -> npt.NDArray[np.datetime64]:
        """The days of the file, each once."""
        return np.unique(self._table.days)

    def _between(self, rows: slice, start: date, end: date) -> slice:
        """Narrow an asset's rows, which are in order of their days, to some days."""
        days = self._table.days[rows]
        first = np.searchsorted(days, np.datetime64(start, "D"), side="left")
        last = np.searchsorted(days, np.datetime64(end, "D"), side="right")
        return slice(rows.start + int(first), rows.start + int(max(first, last)))

    def _summary(self, symbol: str, as_of: date) -> dict[str, object] | None:
        """Return what a listing says of an asset; None if it is not traded (yet, or any more)."""
        whole = self._table.rows[symbol]
        month = self._between(whole, as_of - (ALIVE_DAYS - 1) * ONE_DAY, as_of)
        if month.start == month.stop:
            return None
        week = self._between(whole, as_of - (MARKET_CAP_DAYS - 1) * ONE_DAY, as_of)
        caps = self._table.values["market_cap"][week]
        caps = caps[caps > 0]
        traded = self._table.values["turnover"][month]
        traded = traded[~np.isnan(traded)]
        return {
            "asset_id": symbol,
            "name": self._table.names[month.stop - 1] or None,
            "market_cap": caps[-1] if len(caps) else np.nan,
            "turnover": np.median(traded) if len(traded) else np.nan,
        }

    def _ended(self, as_of: date) -> pd.DataFrame:
        """List the assets whose last price is too old, of no known size."""
        too_old = np.datetime64(as_of - (ALIVE_DAYS - 1) * ONE_DAY, "D")
        ended = {
            symbol: self._table.names[rows.stop - 1] or None
            for symbol, rows in sorted(self._table.rows.items())
            if self._table.days[rows.stop - 1] < too_old
        }
        known = {"asset_id": list(ended), "name": list(ended.values())}
        return pd.DataFrame(known).assign(market_cap=np.nan, turnover=np.nan)

    def _unranked(self) -> tuple[str, ...]:
        values = self._table.values
        if any((values[column] > 0).any() for column in ("market_cap", "turnover")):
            return ()
        name = self._path.name
        return (f"{name}: neither market cap nor turnover is known; assets rank by symbol.",)

    @property
    def _full_days(self) -> npt.NDArray[np.datetime64]:
        """Days that have at least half as many assets as the fullest of the ten days before."""
        days, counts = np.unique(self._table.days, return_counts=True)
        fullest = pd.Series(counts).rolling(RECENT_DAYS, min_periods=1).max().to_numpy()
        return days[2 * counts >= fullest]

    def _mixed(self) -> list[str]:
        mixed = self._weekdays.are_mixed
        return [self._weekdays.note(self._path, self._calendar)] if mixed else []

    def _stray(self) -> list[str]:
        last, full = self._days[-1], self._full_days[-1]
        if last == full:
            return []
        told = f"few assets have prices after {full}, up to {last}; the newest map is of {full}"
        return [f"{self._path.name}: {told}."]

    def _survivors(self) -> tuple[str, ...]:
        alive = self._days[-1] - np.timedelta64(ALIVE_DAYS, "D")
        if any(self._table.days[rows.stop - 1] <= alive for rows in self._table.rows.values()):
            return ()
        what = "on earlier days, what vanished since may be missing"
        return (f"{self._path.name}: every asset has prices up to the end; {what}.",)
