"""Prices become returns: joined by day, never by row number."""

from typing import get_args

import numpy as np
import pandas as pd

from marketmap.errors import DataError
from marketmap.settings import ReturnKind
from marketmap.tables import read_table

STILL = 1e-12
"""Share of its largest value below which an asset's deviation is rounding error."""


def compute_returns(
    closes: pd.DataFrame, kind: ReturnKind = "log", opens: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Compute returns from a table of prices whose rows are every day of the calendar.

    Parameters
    ----------
    closes : DataFrame of shape (n_days + 1, n_assets)
        Closing prices by day (dates, daily periods or ISO text); NaN where a day is missing. Any
        kind of number is read: decimals, nullable and Arrow types.
    kind : {"log", "simple", "intraday"}
        ``log`` is ln(close_t / close_t-1), ``simple`` is close_t / close_t-1 - 1, and
        ``intraday`` is close_t / open_t - 1.
    opens : DataFrame of shape (n_days + 1, n_assets), optional
        Opening prices; needed for ``intraday`` and matched with ``closes`` by date and asset.

    Returns
    -------
    DataFrame of shape (n_days, n_assets)
        Fractions, not percent; of every row but the first. NaN where a price that the return needs
        is missing: a return never spans a missing day.

    Raises
    ------
    DataError
        The dates are not dates, repeat or run backwards, a price is no number, zero, negative or
        infinite, or ``opens`` is missing; the message says what to write instead.

    Examples
    --------
    >>> days = pd.date_range("2026-01-01", periods=3)
    >>> closes = pd.DataFrame({"btc": [100.0, 110.0, 99.0]}, index=days)
    >>> compute_returns(closes, "simple")["btc"].round(2).tolist()
    [0.1, -0.1]
    """
    if kind not in get_args(ReturnKind):
        kinds = ", ".join(get_args(ReturnKind))
        raise DataError(f"returns of kind {kind!r} are not known; expected one of: {kinds}")
    closes = read_prices(closes, "closes")
    if kind == "intraday":
        if opens is None:
            raise DataError("intraday returns need opening prices: pass opens")
        opens = read_prices(opens, "opens", rising=False).reindex(
            index=closes.index, columns=closes.columns
        )
        return (closes / opens - 1.0).iloc[1:]
    ratio = closes / closes.shift(1)
    returns = ratio.apply(np.log) if kind == "log" else ratio - 1.0
    return returns.iloc[1:]


def read_prices(given: pd.DataFrame, what: str, *, rising: bool = True) -> pd.DataFrame:
    """Read a table of prices: see :func:`marketmap.tables.read_table`.

    Raises
    ------
    DataError
        It is none, or a price is zero, negative or infinite.
    """
    prices = read_table(given, what, rising=rising)
    wrong = (prices <= 0) | np.isinf(prices)
    if wrong.to_numpy().any():
        asset = wrong.columns[wrong.any().to_numpy()][0]
        day = wrong.index[wrong[asset].to_numpy()][0]
        raise DataError(
            f"{what}: {asset} has a price of {prices.loc[day, asset]} on {day:%Y-%m-%d}; "
            "expected a positive number, or NaN where there is none"
        )
    return prices
