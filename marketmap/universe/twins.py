"""Near-copies and mirrors of larger assets: the gate that needs to know what is on the map."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.settings import GateSettings
from marketmap.universe.gates import WEEK, Verdict, log_prices

LONG_ENOUGH = 3
"""Seven-day returns overlap: they need this many times the days that daily ones need."""


class TwinFinder:
    """Tells whether an asset is a near-copy, or the mirror, of one of some larger ones.

    An inverse product (-1x, -3x) tells the model as little that is new as a leveraged one, and
    makes the covariance as singular; so the size of a correlation counts, not its sign.

    By the correlation of daily returns over at least ``gates.twin_days`` common days or, where
    there are three times as many, of overlapping seven-day returns. The second sees through
    the noise that asynchronous closes put on a copy's daily returns: WBTC's with BTC's is 0.85 to
    0.99 in years of its life, though its price never left BTC's for long.

    Parameters
    ----------
    closes : DataFrame of shape (n_days + 1, n_assets)
        Repaired; NaN where missing.
    gates : GateSettings
    """

    def __init__(self, closes: pd.DataFrame, gates: GateSettings) -> None:
        self._gates = gates
        logs = log_prices(closes)
        daily, weekly = logs.diff(), logs.diff(WEEK)
        self._at = {asset_id: at for at, asset_id in enumerate(closes.columns)}
        self._days = daily.notna().to_numpy()
        self._by_day = daily.corr(min_periods=gates.twin_days).to_numpy()
        by_week = weekly.corr(min_periods=LONG_ENOUGH * gates.twin_days).to_numpy()
        self._likeness = np.where(_is_larger(by_week, self._by_day), by_week, self._by_day)

    def twin_of(self, asset_id: str, larger: list[str]) -> Verdict | None:
        """Return the verdict on an asset given the larger ones that are on the map."""
        if not larger:
            return None
        at = self._at[asset_id]
        likeness = self._likeness[[self._at[other] for other in larger], at]
        if not float(np.fmax.reduce(np.abs(likeness))) >= self._gates.twin_correlation:
            return None
        nearest = int(np.nanargmax(np.abs(likeness)))
        other, highest = larger[nearest], float(likeness[nearest])
        other_at = self._at[other]
        daily = float(self._by_day[at, other_at])
        common = int((self._days[:, at] & self._days[:, other_at]).sum())
        slower = f" (seven-day returns {highest:.4f})" if highest != daily else ""
        kind = "a copy from " if highest > 0 else "an inverse product from -"
        return Verdict(
            "twin",
            f"daily returns correlate {daily:.4f}{slower} with {other} over {common} days; "
            f"{kind}{self._gates.twin_correlation:g}",
        )


def _is_larger(
    values: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Return where a correlation is larger in size than another, or the only one known."""
    larger: npt.NDArray[np.bool_] = np.abs(values) > np.nan_to_num(np.abs(others), nan=-1.0)
    return larger
