"""What the form of a move tells where neither market cap nor turnover can.

A split that nobody adjusted has a form of its own: prices go to a clean ratio within the noise of
an ordinary night, they stay there, and the day and those after it are as calm as those before. A
crash of the same size ends anywhere, and the market stays stirred. The limits were chosen on S&P
500 stocks of 2010-14; docs/method.md has what they find, and what they mistake for a split.
"""

import math
from dataclasses import dataclass

import numpy as np

from marketmap.universe.jumps import FEWEST_DAYS, Array, Move, Track
from marketmap.universe.ratios import clean_ratio

SMALL_RATIOS = (1.25, 4 / 3)
"""Splits so small that ordinary news looks alike: a doubt, never a repair."""

NEAR = 3.0
NEAR_ENOUGH_TO_DOUBT = 6.0
"""How many usual steps a move may end beside a ratio."""

LARGE = 16.0
LARGE_ENOUGH_TO_DOUBT = 10.0
"""How many usual steps a move must be long; smaller ones a market makes by itself."""

CALM_DAY = 4.0
"""The most that prices may move within the day, in usual moves from open to close."""

CALM_RANGE = 2.0
"""The most that the day's bar may be long, in usual ones: a crash is traded up and down."""

CALM_AFTER = 1.6
"""The most that the moves of the days after may be on average, in usual moves."""

WENT_ALONG = 0.25
"""How far, in logarithms, turnover may be from having moved exactly as the price did."""

AFTER_DAYS = 5
USUAL_DAYS = 60
FEWEST_USUAL_DAYS = 20
SMALLEST_USUAL = 0.002
CAPPED = 8.0


@dataclass(frozen=True)
class Form:
    """A clean ratio that a move lies next to, and whether all else speaks for a split too.

    Attributes
    ----------
    factor : float
        What earlier prices are multiplied by if it is a split.
    is_sure : bool
        Whether the day and those after it are as calm as those before.
    """

    factor: float
    is_sure: bool


def split_by_form(track: Track, row: int, move: Move, *, trades_every_day: bool) -> Form | None:
    """Return the split that a move looks like, or None.

    Parameters
    ----------
    track : Track
    row : int
        Of the first day on the new level.
    move : Move
        The evidence about it: a move of the whole market and one that is undone are no splits, and
        where turnover is known it has spoken, unless it went with the price: a source that adjusts
        volumes and not prices.
    trades_every_day : bool
        Coins make large moves by themselves: what would be a doubt about a stock is none there.
    """
    if not move.holds or move.is_common or not (math.isnan(move.surge) or _went_along(move)):
        return None
    night = track.night if not math.isnan(track.night[row]) else track.excess
    usual = _usual(night, row)
    size, length = float(night[row]), abs(float(night[row])) / usual
    factor = clean_ratio(size, NEAR * usual)
    if factor is not None and not _is_plausible(factor):
        return None
    if factor is not None and length >= LARGE and _is_calm(track, row):
        return Form(factor, is_sure=True)
    fewest = LARGE if trades_every_day else LARGE_ENOUGH_TO_DOUBT
    factor = factor or clean_ratio(size, NEAR_ENOUGH_TO_DOUBT * usual) or _small_ratio(size, usual)
    if factor is None or length < fewest or not _is_plausible(factor):
        return None
    return Form(factor, is_sure=False)


def _went_along(move: Move) -> bool:
    """Return whether turnover, on the day and in the days after, did exactly what the price did."""
    on_the_day, later = move.surge - move.shift, move.turnover_change - move.shift
    return abs(on_the_day) <= 2 * WENT_ALONG and abs(later) <= WENT_ALONG


def _is_plausible(factor: float) -> bool:
    """Return whether companies make such splits: 3:2 and 1:2, but not 2:3."""
    return factor < 1.0 or factor >= 2.0


def _small_ratio(size: float, usual: float) -> float | None:
    for ratio in SMALL_RATIOS:
        if abs(size + math.log(ratio)) <= min(NEAR * usual, 0.01):
            return 1.0 / ratio
    return None


def _is_calm(track: Track, row: int) -> bool:
    after = track.excess[row + 1 : row + 1 + AFTER_DAYS]
    if len(after) < FEWEST_DAYS - 1:
        return False
    moved = np.minimum(np.abs(after) / _usual(track.excess, row), CAPPED)
    within, length = float(track.within[row]), float(track.high[row] - track.low[row])
    # A comparison with NaN (unknown) is false.
    is_moved = abs(within) > CALM_DAY * _usual(track.within, row)
    is_long = length > CALM_RANGE * _usual(track.high - track.low, row)
    return not is_moved and not is_long and bool(moved.mean() <= CALM_AFTER)


def _usual(moves: Array, row: int) -> float:
    """Return 1.4826 times the median size of the moves before a row (of all others, if few).

    NaN where none is known.
    """
    before = moves[max(row - USUAL_DAYS, 1) : row]
    if np.count_nonzero(~np.isnan(before)) < FEWEST_USUAL_DAYS:
        before = np.delete(moves, [0, row])
    sizes = np.abs(before[~np.isnan(before)])
    return max(1.4826 * float(np.median(sizes)), SMALLEST_USUAL) if len(sizes) else math.nan
