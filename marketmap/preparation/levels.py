"""Prices in the place of returns: they make a map as well, a meaningless one."""

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import DataError
from marketmap.returns import STILL

_Flags = npt.NDArray[np.bool_]

_HARDLY_CHANGES = 0.2
"""The typical change in a day, as a share of the level, stays below this for any asset's price."""
_DRIFTS = 25.0
"""Over so many times the window's days: what von Neumann's ratio of a random walk stays below.

Its mean is about 6 / n_days. Of levels of real markets the median over assets was 25 / n_days at
most, of real returns 1.3 at least, in windows of 30 to 365 days.
"""
_REPEATS = 0.8
"""And below this in any window: that of independent days is 2."""

_ABOVE = "all above 0, and nearly the same from day to day"
_INSTEAD = "expected returns, such as those of marketmap.compute_returns"


def check_returns(returns: pd.DataFrame, stacklevel: int) -> None:
    """Refuse a table of prices, log prices, cumulative returns or other levels.

    A level is nearly the same from day to day: the ratio of its squared changes to its variance
    (von Neumann 1941) is near 0, where that of returns is near 2. Rows without days may be anything
    (scikit-learn checks estimators with numbers round 100): then it is a warning.

    Raises
    ------
    DataError
        At least half of the columns are levels, and rows are days.

    Warns
    -----
    UserWarning
        They are, without days; or fewer columns are levels, but some, all above 0.
    """
    prices, levels = _levels(returns.where(np.isfinite(returns)))
    half = len(levels) / 2
    if np.count_nonzero(prices) >= half > 0:
        told = f"these look like prices: {_ABOVE}; {_INSTEAD} (of 1 + return, subtract 1)"
    elif np.count_nonzero(levels) >= half > 0:
        told = (
            "these look like log prices or cumulative returns: nearly the same from day to day; "
            f"{_INSTEAD} or returns.diff().iloc[1:]"
        )
    elif prices.any():
        names = list(returns.columns[prices])
        others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        told = f"column {names[0]!r}{others} looks like prices: {_ABOVE}; {_INSTEAD}"
        warnings.warn(f"returns: {told}", UserWarning, stacklevel=stacklevel)
        return
    else:
        return
    if isinstance(returns.index, pd.DatetimeIndex):
        raise DataError(f"returns: {told}")
    warnings.warn(f"returns: {told}", UserWarning, stacklevel=stacklevel)


def _levels(returns: pd.DataFrame) -> tuple[_Flags, _Flags]:
    """Tell which columns are prices, and which are levels of any kind."""
    positive = (returns.min() > 0).to_numpy()
    change = returns.diff()
    share = (change.abs().median() / returns.median().abs()).to_numpy()
    spread = ((returns - returns.mean()) ** 2).sum()
    moves = (returns.max() - returns.min()) > STILL * returns.abs().max()
    ratio = ((change**2).sum() / spread.where(moves)).to_numpy()
    limit = min(_DRIFTS / max(len(returns), 1), _REPEATS)
    prices = moves.to_numpy() & positive & ((share < _HARDLY_CHANGES) | (ratio < 1.0))
    return prices, prices | (ratio < limit)
