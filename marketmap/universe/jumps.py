"""What one asset's prices, turnover and market cap tell about a move that is too large to trust.

All values are natural logarithms, so that a factor is a difference and a change of unit a shift.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

SUSPECT = np.log(1.4)
"""Smaller moves are never looked at: the smallest split that is recognised is 3:2."""

UNWITNESSED_SUSPECT = np.log(1.2)
"""The same where nothing but prices is known, and only their form can tell."""

SURGE = np.log(3.0)
"""Turnover above three times its usual says that people traded on news."""

PEAK = np.log(2.0)
"""A surge of news wears off: the day's turnover is at least twice that of the days after."""

BAR = ("open", "high", "low")
_ROUNDING = 0.001
"""A close may lie so far outside of its bar by rounding, in logarithms."""

LEVEL_DAYS = 5
TURNOVER_DAYS = 20
PEAK_DAYS = 10
FEWEST_DAYS = 3
ABSURD = 3.0
"""A jump of this power of ``gates.jump`` (3 -> 27) needs more than an unbroken bar."""


@dataclass(frozen=True, eq=False)
class Track:
    """One asset's days that have a price, as logarithms; NaN where unknown or not positive.

    Attributes
    ----------
    day : DatetimeIndex of length n_days
    open, high, low, close, market_cap, turnover : ndarray of shape (n_days,)
    market : ndarray of shape (n_days,)
        The median move of all candidates into the day, from close to close.
    """

    day: pd.DatetimeIndex
    open: Array
    high: Array
    low: Array
    close: Array
    market_cap: Array
    turnover: Array
    market: Array

    @cached_property
    def has_bar(self) -> npt.NDArray[np.bool_]:
        """Whether a day has open, high and low beside its close."""
        known: npt.NDArray[np.bool_] = ~np.isnan(self.open + self.high + self.low)
        return known

    @cached_property
    def shift(self) -> Array:
        """From close to close; 0 on the first day."""
        return np.diff(self.close, prepend=self.close[:1])

    @cached_property
    def step(self) -> Array:
        """What happened between two bars: from close to open, from close to close without bars."""
        step = self.shift.copy()
        gap = self.open[1:] - self.close[:-1]
        step[1:] = np.where(self.has_bar[1:], gap, step[1:])
        return step

    @cached_property
    def usual_step(self) -> float:
        """Robust standard deviation of :attr:`step` (1.4826 times the median size)."""
        return 1.4826 * float(np.median(np.abs(self.step[1:])))

    @cached_property
    def night(self) -> Array:
        """From a close to the open of the next day; NaN where the open is unknown."""
        return np.append(np.nan, self.open[1:] - self.close[:-1])

    @cached_property
    def within(self) -> Array:
        """From open to close; NaN where the open is unknown."""
        return self.close - self.open

    @cached_property
    def excess(self) -> Array:
        """From close to close, less the market's move."""
        return self.shift - self.market

    def suspects(self) -> list[int]:
        """List the rows whose move is too large to pass unseen, in order of time."""
        size = np.fmax(np.fmax(np.abs(self.shift), np.abs(self.step)), np.abs(self.night))
        witnessed = ~np.isnan(self.turnover) | ~np.isnan(self.market_cap)
        return [
            int(row)
            for row in np.flatnonzero(size > np.where(witnessed, SUSPECT, UNWITNESSED_SUSPECT))
        ]

    def rescaled(self, row: int, factor: float) -> "Track":
        """Multiply the prices before a row by a factor; value (cap and turnover) stays."""

        def scaled(values: Array) -> Array:
            return np.concatenate([values[:row] + np.log(factor), values[row:]])

        return replace(
            self,
            open=scaled(self.open),
            high=scaled(self.high),
            low=scaled(self.low),
            close=scaled(self.close),
        )


def comparable(fields: dict[str, Array]) -> dict[str, Array]:
    """Return an asset's fields without the opens, highs and lows that do not go with their close.

    A file may hold closes that were never adjusted beside bars that were. Where a close lies
    outside of its bar, or an open far from its day's close with no bar around them, the bar says
    nothing of how the close came about.

    Parameters
    ----------
    fields : dict of str to ndarray of shape (n_days,)
        Logarithms, by the names of :class:`Track`.
    """
    close, opened, high, low = (fields[name] for name in ("close", "open", "high", "low"))
    # A comparison with NaN (unknown) is false.
    is_outside = (close > high + _ROUNDING) | (close < low - _ROUNDING)
    is_far = np.isnan(high + low) & (np.abs(close - opened) > SUSPECT)
    bars = {name: np.where(is_outside | is_far, np.nan, fields[name]) for name in BAR}
    return {**fields, **bars}


@dataclass(frozen=True)
class Move:
    """The evidence about one suspect move, all in logarithms; NaN where nothing is known.

    Attributes
    ----------
    shift, step : float
        From close to close, and between the bars; see :class:`Track`.
    has_bar : bool
        Whether the day has open, high and low.
    is_whole : bool
        Whether the bars of the two days do not overlap (True without bars: nothing speaks
        against it).
    holds : bool
        Whether the following closes stay nearer to the new level than to the old.
    surge : float
        Turnover of the day over its median of the 20 days before.
    peak : float
        Turnover of the day over its median of the 10 days after.
    turnover_change : float
        Median turnover of the day and the 19 after it over that of the 20 days before.
    supply_change : float
        Market cap / close, median of the day and the 4 after it over that of the 5 days before.
    is_common : bool
        Whether the market moved at least half as far the same way: a crash of all, no split of one.
    n_after : int
        Days from this one on.
    """

    shift: float
    step: float
    has_bar: bool
    is_whole: bool
    holds: bool
    surge: float
    peak: float
    turnover_change: float
    supply_change: float
    is_common: bool
    n_after: int

    def value_stays(self, size: float) -> bool:
        """Return whether supply moved against the price, so that the market cap did not follow."""
        return abs(self.supply_change + size) <= min(abs(size) / 5, 0.5)

    def is_explained(self, limit: float, *, trades_every_day: bool) -> bool:
        """Return whether a market can have made this move.

        Either the day's bar leads from the old price to the new one without a gap of ``limit``
        (log), or people traded far more than usual, and for a while only. A market that never
        closes has no night in which news could open a gap; and a value that stays while the price
        leaves is no price at all.
        """
        if self.holds and self.n_after >= FEWEST_DAYS and self.value_stays(self.shift):
            return False
        surged = self.surge >= SURGE
        if self.has_bar and abs(self.step) < limit:
            return abs(self.shift) < ABSURD * limit or surged
        if self.has_bar and trades_every_day:
            return False
        return surged and not self.peak < PEAK


def examine(track: Track, row: int) -> Move:
    """Gather the evidence about the move into a row (1 or later)."""
    close, step = track.close, float(track.step[row])
    has_bar = bool(track.has_bar[row])
    shift = float(track.shift[row])
    before = _median(close[max(row - LEVEL_DAYS, 0) : row])
    after = _median(close[row : row + LEVEL_DAYS])
    size = step if has_bar and abs(step) > SUSPECT else shift
    turnover, supply = track.turnover, track.market_cap - close
    usual = _median(turnover[max(row - TURNOVER_DAYS, 0) : row], FEWEST_DAYS)
    supply_before = _median(supply[max(row - LEVEL_DAYS, 0) : row])
    return Move(
        shift=shift,
        step=step,
        has_bar=has_bar,
        is_whole=not has_bar or _is_disjoint(track, row),
        holds=abs(after - before - size) <= abs(size) / 2,
        surge=float(turnover[row]) - usual,
        peak=float(turnover[row]) - _median(turnover[row + 1 : row + 1 + PEAK_DAYS], FEWEST_DAYS),
        turnover_change=_median(turnover[row : row + TURNOVER_DAYS]) - usual,
        supply_change=_median(supply[row : row + LEVEL_DAYS]) - supply_before,
        is_common=abs(size - float(track.market[row])) <= abs(size) / 2,
        n_after=len(close) - row,
    )


def _is_disjoint(track: Track, row: int) -> bool:
    last = float(track.close[row - 1])
    high, low = (
        float(values[row - 1]) if track.has_bar[row - 1] else last
        for values in (track.high, track.low)
    )
    return bool(track.low[row] > high or track.high[row] < low)


def _median(values: Array, fewest: int = 1) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) >= fewest else float("nan")
