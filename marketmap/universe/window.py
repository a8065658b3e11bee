"""The days of a map's window, and the candidates' prices laid out on them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from marketmap.errors import DataError, NoSessionError, NotEnoughDataError
from marketmap.settings import FilesSettings, MapSettings

GRACE = pd.Timedelta(days=7)
"""How long after its last price an asset still counts as alive: it may only be late."""

SESSIONS_PER_WEEK = 5
HOLIDAY_MARGIN_DAYS = 10

PANEL_FIELDS = ("open", "high", "low", "close", "market_cap", "turnover")


@dataclass(frozen=True, eq=False)
class Panel:
    """Prices by day and asset.

    Attributes
    ----------
    open, high, low, close, market_cap, turnover : DataFrame of shape (n_days + 1, n_assets)
        Indexed by the window's days, columns asset_id; NaN where unknown.
    """

    open: pd.DataFrame
    high: pd.DataFrame
    low: pd.DataFrame
    close: pd.DataFrame
    market_cap: pd.DataFrame
    turnover: pd.DataFrame


def trades_every_day(settings: MapSettings) -> bool:
    """Return whether the map's calendar is every UTC day, instead of a market's sessions."""
    source = settings.source
    return not (isinstance(source, FilesSettings) and source.calendar == "sessions")


def history_start(settings: MapSettings, day: date) -> date:
    """Return the first day whose prices a window that ends at ``day`` can need."""
    days = settings.window_days
    if not trades_every_day(settings):
        days = math.ceil(days * 8 / SESSIONS_PER_WEEK) + HOLIDAY_MARGIN_DAYS
    return day - timedelta(days=days)


def session_days(prices: pd.DataFrame, until: pd.Timestamp) -> pd.DatetimeIndex:
    """Find the days on which at least half of the assets alive then have a price.

    Parameters
    ----------
    prices : DataFrame
        As :mod:`marketmap.frames` describes it. An asset is alive from its first price until a
        week after its last.
    until : Timestamp
        The last day that may be a session.
    """
    dates = prices["date"]
    priced = dates.value_counts().sort_index()
    priced = priced[priced.index <= until]
    spans = prices.groupby("asset_id")["date"].agg(["min", "max"])
    days = priced.index.to_numpy()
    born = np.searchsorted(np.sort(spans["min"].to_numpy()), days, side="right")
    gone = np.searchsorted(np.sort((spans["max"] + GRACE).to_numpy()), days, side="left")
    return pd.DatetimeIndex(priced.index[priced.to_numpy() * 2 >= born - gone], name="date")


def window_calendar(prices: pd.DataFrame, as_of: date, settings: MapSettings) -> pd.DatetimeIndex:
    """Find the ``window_days + 1`` days up to ``as_of`` whose closes the map's returns need.

    Raises
    ------
    NotEnoughDataError
        No asset's prices reach back that far.
    NoSessionError
        ``as_of`` is no session.
    """
    last = pd.Timestamp(as_of)
    needed = settings.window_days + 1
    known = prices.loc[prices["date"] <= last, "date"]
    if known.empty:
        raise NotEnoughDataError(f"no candidate has any price up to {as_of}; fetch prices first")
    if trades_every_day(settings):
        calendar = pd.date_range(known.min(), last, freq="D", name="date", unit="us")
    else:
        calendar = session_days(prices, last)
        if last not in calendar:
            before = (
                f"the last session before it is {calendar[-1]:%Y-%m-%d}"
                if len(calendar)
                else "there is none before it"
            )
            raise NoSessionError(
                f"{as_of} is no session: fewer than half of the assets have a price on it; {before}"
            )
    if len(calendar) < needed:
        days = "days" if trades_every_day(settings) else "sessions"
        possible = max(len(calendar) - 1, 0)
        shorter = f"set window_days to {possible} or less, or "
        raise NotEnoughDataError(
            f"prices start on {known.min():%Y-%m-%d}, which gives {len(calendar) - 1} {days} of "
            f"returns up to {as_of}, but window_days is {settings.window_days}: "
            f"{shorter if possible >= settings.gates.min_days else ''}fetch older prices"
        )
    return calendar[-needed:].as_unit("us")


def make_panel(prices: pd.DataFrame, asset_ids: Iterable[str], calendar: pd.DatetimeIndex) -> Panel:
    """Lay prices out by day and asset; joined by date and id, never by row number.

    Raises
    ------
    DataError
        An asset has two rows of one day.
    """
    columns = pd.Index(list(asset_ids), name="asset_id", dtype="str")
    rows = prices[prices["date"].isin(calendar) & prices["asset_id"].isin(columns)]
    twice = rows.duplicated(["date", "asset_id"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise DataError(
            f"asset {row['asset_id']!r} has more than one price on {row['date']:%Y-%m-%d}; "
            "expected one row per asset and day"
        )
    wide = rows.set_index(["date", "asset_id"])[list(PANEL_FIELDS)].unstack("asset_id")

    def laid_out(name: str) -> pd.DataFrame:
        return pd.DataFrame(wide[name]).reindex(index=calendar, columns=columns)

    return Panel(*(laid_out(name) for name in PANEL_FIELDS))
