"""Prices become returns: joined by day, never by row number."""

from typing import get_args

import numpy as np
import pandas as pd

from marketmap.days import by_day
from marketmap.errors import DataError
from marketmap.settings import ReturnKind

STILL = 1e-12
"""Share of its largest value below which an asset's deviation is rounding error."""


def compute_returns(
    closes: pd.DataFrame, kind: ReturnKind = "log", opens: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Compute returns from a table of prices whose rows are every day of the calendar.

    Parameters
    ----------
    closes : DataFrame of shape (n_days + 1, n_assets)
        Closing prices by date; NaN where a day is missing. A date with a time zone or an offset is
        the day that it names at its own place.
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
        The dates are not dates, repeat, run backwards or are those of intraday bars, a price
        is zero, negative or infinite, or ``opens`` is missing.

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
    closes = by_day(closes, "closes")
    check_prices(closes, "closes")
    if kind == "intraday":
        if opens is None:
            raise DataError("intraday returns need opening prices: pass opens")
        opens = by_day(opens, "opens").sort_index()
        check_prices(opens, "opens")
        opens = opens.reindex(index=closes.index, columns=closes.columns)
        return (closes / opens - 1.0).iloc[1:]
    ratio = closes / closes.shift(1)
    returns = ratio.apply(np.log) if kind == "log" else ratio - 1.0
    return returns.iloc[1:]


def check_prices(prices: pd.DataFrame, what: str) -> None:
    """Raise a DataError unless the dates rise and every price is positive or missing."""
    check_dates(prices, what)
    text = [not pd.api.types.is_numeric_dtype(kind) for kind in prices.dtypes]
    if any(text):
        raise DataError(f"{what}: column {prices.columns[text][0]!r} is not numeric")
    wrong = (prices <= 0) | np.isinf(prices)
    if wrong.to_numpy().any():
        asset = wrong.columns[wrong.any().to_numpy()][0]
        day = wrong.index[wrong[asset].to_numpy()][0]
        raise DataError(
            f"{what}: {asset} has a price of {prices.loc[day, asset]} on {day:%Y-%m-%d}; "
            "expected a positive number, or NaN where there is none"
        )


def check_dates(table: pd.DataFrame, what: str) -> None:
    """Raise a DataError unless rows are rising, distinct dates and columns distinct assets."""
    if not isinstance(table.index, pd.DatetimeIndex):
        raise DataError(
            f"{what}: the index must hold dates, got {type(table.index).__name__}; "
            "set it with DataFrame.set_index and pandas.to_datetime"
        )
    if not (table.index.is_monotonic_increasing and table.index.is_unique):
        raise DataError(f"{what}: dates must rise and not repeat; sort and de-duplicate them")
    check_columns(table, what)


def check_columns(table: pd.DataFrame, what: str) -> None:
    """Raise a DataError unless columns are distinct assets."""
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise DataError(f"{what}: column {twice!r} is there twice; expected one column per asset")
