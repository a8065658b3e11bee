"""The day that a stamp names: the one rule for files and notebooks.

A point in time with an offset or a time zone names the day of its own place: local midnight of
Tokyo, ``2024-01-31 00:00+09:00``, is the 31st there, although UTC has the 30th. So the day is what
is written, and the offset plays no part. A stamp without an offset, one of UTC, and seconds since
1970 name the day of UTC.

A day is named by all of an asset's bars alike, by their opening or their close. Several bars of a
day, or a time of day that changes, are intraday data: which bar is the day's would be chance.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import DataError

Days = npt.NDArray[np.datetime64]

_HOUR = np.timedelta64(1, "h")
_SUMMER_TIME_DAYS = 120
"""Clocks are put forward and back at least so many days apart."""
_EAST = np.timedelta64(10, "h")
"""Midnight east of Greenwich is at this time of UTC or later, on the day before."""
_TWO_WEEKS = 10
"""So many daily rows of what trades on all days, or on weekdays, have a Friday or a Saturday."""
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_SUNDAY_MARKETS = (np.timedelta64(2, "h"), np.timedelta64(6, "h"))
"""Markets that trade from Sunday to Thursday are that far east of Greenwich: Cairo to Dhaka."""


@dataclass(frozen=True, eq=False)
class Stamps:
    """Points in time, as the clocks of their own places show them.

    Attributes
    ----------
    clock : ndarray of datetime64[us]
    offset : ndarray of timedelta64[us]
        How far their clocks are ahead of UTC's; 0 where no place is named.
    """

    clock: npt.NDArray[np.datetime64]
    offset: npt.NDArray[np.timedelta64]

    @property
    def is_local(self) -> npt.NDArray[np.bool_]:
        """Whether each stamp names a place whose clock differs from UTC's."""
        local: npt.NDArray[np.bool_] = self.offset != np.timedelta64(0, "us")
        return local

    @property
    def days(self) -> Days:
        """The day that each stamp names."""
        return self.clock.astype("datetime64[D]")

    def take(self, rows: npt.NDArray[np.int64]) -> "Stamps":
        """Return the stamps of some rows."""
        return Stamps(self.clock[rows], self.offset[rows])


def in_utc(moments: npt.NDArray[np.datetime64]) -> Stamps:
    """Return stamps that name no place, or UTC."""
    return zoned(moments, moments)


def zoned(clock: npt.NDArray[np.datetime64], utc: npt.NDArray[np.datetime64]) -> Stamps:
    """Return stamps of a zone, by its own clock and by that of UTC."""
    clock = clock.astype("datetime64[us]")
    return Stamps(clock, clock - utc.astype("datetime64[us]"))


def read_moments(moments: Iterable[object]) -> Stamps:
    """Read dates, datetimes and ISO texts, each with an offset of its own or none.

    Raises
    ------
    ValueError
        One is none of these.
    """
    read = [_moment(moment) for moment in moments]
    clock = np.array([moment.replace(tzinfo=None) for moment in read], dtype="datetime64[us]")
    offsets = [moment.utcoffset() or timedelta() for moment in read]
    return Stamps(clock, np.array(offsets, dtype="timedelta64[us]"))


def _moment(moment: object) -> datetime:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment.strip())
    if isinstance(moment, datetime) and moment == moment:  # NaT is a datetime, but not itself
        return moment
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, datetime.min.time())
    raise ValueError(f"{moment!r} is no date")


def check_daily(
    stamps: Stamps, assets: npt.NDArray[np.integer[Any]], where: Callable[[int], str]
) -> None:
    """Refuse stamps that are not those of daily bars.

    Parameters
    ----------
    stamps : Stamps
    assets : ndarray of int, shape (n_rows,)
        Whose stamp each row has.
    where : callable
        Names the asset of a row, and the table: the start of the error's line.

    Raises
    ------
    DataError
        An asset has several times on a day, or other times on other days, but for an hour of
        summer time; or its days are those before its sessions.
    """
    times = stamps.clock - stamps.days
    if not times.any():
        return
    order = np.lexsort((stamps.clock, assets))
    firsts = np.flatnonzero(np.diff(assets[order], prepend=assets[order[0]] - 1))
    for rows in np.split(order, firsts[1:]):
        own = times[rows]
        if own.any():
            _refuse_intraday(stamps.take(rows), own, where(int(rows[0])))
            _refuse_shifted(stamps.take(rows), own, where(int(rows[0])))


def _refuse_intraday(stamps: Stamps, times: npt.NDArray[np.timedelta64], where: str) -> None:
    days = stamps.days
    changes = np.flatnonzero(times[1:] != times[:-1]) + 1
    several = changes[days[changes] == days[changes - 1]]
    if len(several):
        at = several[0]
        raise DataError(
            f"{where}: intraday bars, such as {_clock(times[at - 1])} and {_clock(times[at])} on "
            f"{days[at]}; expected one row per day, such as the last bar of each"
        )
    if not len(changes) or _is_summer_time(stamps, times, changes):
        return
    at = changes[0]
    raise DataError(
        f"{where}: stamped {_clock(times[at - 1])} on {days[at - 1]}, but {_clock(times[at])} on "
        f"{days[at]}; expected daily bars: the same time on each day, or the day alone, such as "
        f"{days[at]}"
    )


def _is_summer_time(
    stamps: Stamps, times: npt.NDArray[np.timedelta64], changes: npt.NDArray[np.int64]
) -> bool:
    """Return whether times of UTC change as those of a place with summer time do."""
    days = (stamps.days[-1] - stamps.days[0]).astype(int)
    return bool(
        len(np.unique(times)) == 2
        and times.max() - times.min() == _HOUR
        and len(changes) <= 1 + days // _SUMMER_TIME_DAYS
        and not stamps.is_local.any()
    )


def _refuse_shifted(stamps: Stamps, times: npt.NDArray[np.timedelta64], where: str) -> None:
    """Refuse Sunday to Thursday at, say, 15:00 UTC: midnights of Monday to Friday in Tokyo."""
    first, last = _SUNDAY_MARKETS
    at_home = ((stamps.offset >= first) & (stamps.offset <= last)).any()
    if len(times) < _TWO_WEEKS or times.min() < _EAST or at_home:
        return
    weekdays = (stamps.days.astype(int) + 3) % 7  # 1970 began with a Thursday
    if (weekdays == _SUNDAY).any() and not np.isin(weekdays, [_FRIDAY, _SATURDAY]).any():
        meant = stamps.days[-1] + np.timedelta64(1, "D")
        raise DataError(
            f"{where}: stamped {_clock(times[-1])} on Sundays to Thursdays: these look like local "
            "midnights of Mondays to Fridays, written in UTC or another zone; expected the local "
            f"day alone, such as {meant}, or stamps with their place's offset"
        )


def _clock(time: np.timedelta64) -> str:
    seconds = int(time // np.timedelta64(1, "s"))
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (
        f":{seconds % 60:02}" if seconds % 60 else ""
    )


def by_day(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a table of assets (columns) whose index is the days that its stamps name.

    Rows of one day that are stamped at several places become one. A table whose index holds no
    dates is returned as it is.

    Parameters
    ----------
    table : DataFrame
        Indexed by dates of any kind: with a time zone, datetimes of several offsets, ISO texts.
    what : str
        What the table is called, for errors.

    Raises
    ------
    DataError
        An asset's stamps are not those of daily bars, or it has two values of a day.

    Examples
    --------
    >>> midnights = pd.date_range("2024-01-30", periods=2, tz="Asia/Tokyo")
    >>> by_day(pd.DataFrame({"sony": [1.0, 2.0]}, index=midnights), "closes").index[0]
    Timestamp('2024-01-30 00:00:00')
    """
    index = table.index
    if _are_days(index):
        return table
    stamps = index_stamps(index)
    if stamps is None:
        return table
    rows, columns = np.nonzero(table.notna().to_numpy())
    names = table.columns
    check_daily(stamps.take(rows), columns, lambda row: f"{what}: {names[columns[row]]}")
    days = pd.DatetimeIndex(stamps.days.astype("datetime64[us]"), name=index.name)
    named = table.set_axis(days, axis="index")
    if days.is_unique:
        return named
    twice = pd.DataFrame({"day": days[rows], "column": columns}).duplicated().to_numpy()
    if twice.any():
        at = int(twice.argmax())
        raise DataError(
            f"{what}: {names[columns[at]]} has two values on {days[rows[at]]:%Y-%m-%d}; dates must "
            "rise and not repeat; sort and de-duplicate them"
        )
    return named.groupby(level=0, sort=False).first()


def rows_by_day(prices: pd.DataFrame) -> pd.DataFrame:
    """Return prices, a row per asset and day, whose dates are the days that their stamps name.

    Raises
    ------
    DataError
        A row has no date, or an asset's stamps are not those of daily bars.
    """
    dates = pd.Index(prices["date"])
    if _are_days(dates):
        return prices
    stamps = index_stamps(dates)
    if stamps is None:
        raise DataError(f"prices: column date holds {dates.dtype}, expected a date in every row")
    assets, names = pd.factorize(prices["asset_id"])
    check_daily(stamps, assets, lambda row: f"prices: {names[assets[row]]}")
    return prices.assign(date=stamps.days.astype("datetime64[us]"))


def _are_days(dates: "pd.Index[Any]") -> bool:
    return isinstance(dates, pd.DatetimeIndex) and dates.tz is None and dates.is_normalized


def index_stamps(index: "pd.Index[Any]") -> Stamps | None:
    """Return the stamps of an index; None where a row of it is no date."""
    if isinstance(index, pd.MultiIndex) or index.hasnans or not len(index):
        return None
    if isinstance(index, pd.PeriodIndex) and index.freqstr == "D":
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        clock = index.tz_localize(None).to_numpy()
        return in_utc(clock) if index.tz is None else zoned(clock, index.to_numpy("datetime64[us]"))
    try:
        # Numbers may be days of any epoch; Arrow's dates, categories and text are read one by one.
        is_number = pd.api.types.is_numeric_dtype(index.dtype)
        return None if is_number else read_moments(index.astype("object"))
    except (ValueError, OverflowError):
        return None
