"""Splits and redenominations: prices in a new unit, which value does not follow.

A repair multiplies the prices before its day by a factor, so that the series is continuous in the
newest unit. It is made only on evidence: the market cap stays where it is or, where none is known,
turnover does (units traded move against the price). A real crash moves both.
"""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from marketmap.universe.jumps import FEWEST_DAYS, PEAK, SURGE, Move, Track, examine

CLEAN_RATIOS = (
    *(1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0),
    *(1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12),
)
"""What units are exchanged at, or its inverse. Smaller ones drown in ordinary moves."""

_LOG_RATIOS = np.log(CLEAN_RATIOS)
_SPACING = np.minimum(np.diff(_LOG_RATIOS, append=np.inf), np.diff(_LOG_RATIOS, prepend=-np.inf))


@dataclass(frozen=True)
class Repair:
    """One repair of one asset.

    Attributes
    ----------
    day : date
        The first day in the new unit.
    factor : float
        Open, high, low and close of all earlier days are multiplied by it.
    detail : str
        A sentence with the figures that speak for it.
    """

    day: date
    factor: float
    detail: str


@dataclass(frozen=True)
class Finding:
    """What is left of an asset's suspect moves: repairs, or a jump that no market makes.

    Attributes
    ----------
    repairs : tuple of Repair
        In order of time.
    jump : str or None
        A sentence with figures about the largest unexplained jump.
    """

    repairs: tuple[Repair, ...] = ()
    jump: str | None = None


def inspect(track: Track, jump: float, *, trades_every_day: bool, uses_opens: bool) -> Finding:
    """Judge every suspect move of an asset, in order of time.

    Parameters
    ----------
    track : Track
    jump : float
        The factor from which a move has to be explained.
    trades_every_day : bool
        Whether the market never closes.
    uses_opens : bool
        Whether returns are made from opens, which a change of unit in mid-day would spoil.
    """
    limit = math.log(jump)
    repairs: list[Repair] = []
    largest, sentence = 0.0, None
    for row in track.suspects():
        move = examine(track, row)
        factor = unit_factor(move, track.usual_step, limit, uses_opens=uses_opens)
        if factor is not None:
            repairs.append(Repair(track.day[row].date(), factor, _repaired(track, row, move)))
            track = track.rescaled(row, factor)
            continue
        size = max(abs(move.shift), abs(move.step))
        if size < limit or move.is_explained(limit, trades_every_day=trades_every_day):
            continue
        if size > largest:
            largest, sentence = size, _unexplained(track, row, move)
    return Finding(tuple(repairs), sentence)


def unit_factor(
    move: Move, usual_step: float, limit: float, *, uses_opens: bool = False
) -> float | None:
    """Return the factor for earlier prices where a move is a change of unit, else None.

    Parameters
    ----------
    move : Move
    usual_step : float
        Standard deviation of the asset's ordinary steps, in logarithms.
    limit : float
        Logarithm of the factor from which a jump has to be explained.
    uses_opens : bool
        Whether a day that opens in the old unit and closes in the new one cannot be mended.
    """
    if not move.holds or move.is_common:
        return None
    if not math.isnan(move.supply_change):
        return _by_market_cap(move, usual_step, limit, uses_opens=uses_opens)
    return _by_turnover(move, usual_step, limit)


def clean_ratio(size: float, tolerance: float) -> float | None:
    """Return the clean ratio (2, 3/2, 1000, 1/10 ...) next to a logarithm, within a tolerance.

    The tolerance is cut to a sixth of the distance to the next ratio, so that a match says
    something.
    """
    at = int(np.argmin(np.abs(_LOG_RATIOS - abs(size))))
    if abs(_LOG_RATIOS[at] - abs(size)) > min(tolerance, _SPACING[at] / 6):
        return None
    ratio = float(CLEAN_RATIOS[at])
    return ratio if size > 0 else 1.0 / ratio


def apply_repairs(values: pd.DataFrame, repairs: pd.DataFrame) -> pd.DataFrame:
    """Multiply the prices before each repair's day by its factor.

    Parameters
    ----------
    values : DataFrame of shape (n_days, n_assets)
        Raw prices of one kind, by day and asset_id.
    repairs : DataFrame
        With ``asset_id``, ``date`` and ``factor``; applied row by row.
    """
    repaired = values.copy()
    for asset_id, day, factor in zip(
        repairs["asset_id"], repairs["date"], repairs["factor"], strict=True
    ):
        if asset_id in repaired.columns:
            repaired.loc[repaired.index < day, asset_id] *= factor
    return repaired


def _tolerance(usual_step: float) -> float:
    return max(3 * usual_step, 0.02)


def _by_market_cap(
    move: Move, usual_step: float, limit: float, *, uses_opens: bool
) -> float | None:
    """Judge by supply (market cap / close), which a change of unit divides and trade does not."""
    if not move.has_bar or not move.is_whole:
        # Without a gap between bars a market cap that comes a day late looks alike at first.
        if move.n_after < FEWEST_DAYS or not move.value_stays(move.shift):
            return None
        ratio = clean_ratio(-move.supply_change, 0.02)
        mends = not move.has_bar or (abs(move.shift) >= limit and not uses_opens)
        if ratio is None and not move.has_bar and abs(move.shift) >= limit:
            return None if move.surge >= SURGE else _rounded(-move.supply_change)
        return ratio if mends else None
    if not move.value_stays(move.step):
        return None
    ratio = clean_ratio(move.step, _tolerance(usual_step))
    if ratio is None and abs(move.step) >= limit:
        return _rounded(-move.supply_change)
    return ratio


def _by_turnover(move: Move, usual_step: float, limit: float) -> float | None:
    """Judge by turnover, which stays where it is when units traded move against the price."""
    size = abs(move.step)
    if not move.is_whole or (not move.has_bar and size < 12 * usual_step and size < limit):
        return None
    # Without a bar nothing tells a crash from a split but turnover: it must be quieter then.
    allowed = max(SURGE if move.has_bar else PEAK, size / 3)
    # A comparison with NaN (turnover unknown) is false: no evidence, no repair.
    quiet = abs(move.surge) < allowed
    steady = abs(move.turnover_change) < (size / 2 if size >= limit else size)
    return clean_ratio(move.step, _tolerance(usual_step)) if quiet and steady else None


def _rounded(size: float) -> float:
    return float(f"{math.exp(size):.6g}")


def _times(size: float) -> str:
    return f"{math.exp(size):.4g} times" if size >= 0 else f"1/{math.exp(-size):.4g}"


def _between(track: Track, row: int) -> str:
    first, second = track.day[row - 1], track.day[row]
    before, after = math.exp(track.close[row - 1]), math.exp(track.close[row])
    return f"from {before:.6g} on {first:%Y-%m-%d} to {after:.6g} on {second:%Y-%m-%d}"


def _repaired(track: Track, row: int, move: Move) -> str:
    if not math.isnan(move.supply_change):
        change = math.expm1(move.shift + move.supply_change)
        witness = f"market cap moved only {change:+.1%}"
    else:
        witness = f"turnover stayed at {math.exp(move.surge):.2g} times its usual"
    return f"close went {_between(track, row)}, {_times(move.shift)}, while {witness}"


def _unexplained(track: Track, row: int, move: Move) -> str:
    if move.has_bar:
        bars = f"the bar opened at {_times(move.step)} of the close before"
    else:
        bars = "no bars show how"
    surge = move.surge
    traded = (
        "turnover is unknown"
        if math.isnan(surge)
        else f"turnover was {math.exp(surge):.2g} times its usual"
    )
    return f"close went {_between(track, row)}, {_times(move.shift)}; {bars}, and {traded}"
