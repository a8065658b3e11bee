"""The checks that a day's candle must pass to be stored, whatever its source.

Figures: of 94,000 coin-days of CoinMarketCap (2013 to 2021) and an exchange (2020 to 2025) every
bar is whole, the highest wick is a tenfold, and the largest move that the next day took back is
threefold; the one that exceeds them, VERI in June 2017 (58.6, 3.16, 0.000338, 23.3), is a misprint.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.sources.candles import PRICES, Candle, Flaw

SPIKE = math.log(4.0)
"""Log distance: a close this far from both its neighbours, which agree, is a misprint."""
SPIKE_DAYS = 3
"""Misprints last up to this many days; a level that lasts longer is a new price."""
UNCONFIRMED = math.log(10.0)
"""Log distance: a newest close this far from the one before waits for the next day."""
WICK = 100.0
"""A high or low this many times away from open or close is a misprint."""
ROUNDING = 1e-6
NEIGHBOUR = timedelta(days=7)
"""An earlier close is no neighbour to compare with."""

FEWEST_IN_MARKET = 5
"""A median of fewer assets' returns is no move of the market."""


def flaw_of(candle: Candle) -> Flaw | None:
    """Return what is wrong with a candle by itself, if anything is."""
    prices = {name: candle.values[name] for name in PRICES}
    if math.isnan(candle.close):
        return Flaw("no_price", "close is null")
    for name, value in prices.items():
        if value <= 0:
            return Flaw("not_positive", f"{name} is {value:g}")
    for name in ("volume", "market_cap", "turnover"):
        if candle.values.get(name, 0.0) < 0:
            return Flaw("not_positive", f"{name} is {candle.values[name]:g}")
    return _broken_bar(prices)


def _broken_bar(prices: Mapping[str, float]) -> Flaw | None:
    # A comparison with NaN (unknown) is false: no evidence, no flaw.
    high, low = prices["high"], prices["low"]
    for name in ("open", "close"):
        value = prices[name]
        if value > high * (1 + ROUNDING) or value < low * (1 - ROUNDING):
            return Flaw("broken_bar", f"{name} {value:g} is not within {low:g} to {high:g}")
        for wick in (high, low):
            if wick > WICK * value or wick * WICK < value:
                return Flaw("wick", f"{wick:g} is far from {name} {value:g}")
    if low > high * (1 + ROUNDING):
        return Flaw("broken_bar", f"low {low:g} is above high {high:g}")
    return None


def outliers(candles: Sequence[Candle]) -> dict[int, Flaw]:
    """Return which candles are out of line with their neighbours.

    Parameters
    ----------
    candles : sequence of Candle
        Without flaws of their own, in order of time, one per day.

    Returns
    -------
    dict of int to Flaw
        By place in ``candles``. A spike needs neighbours on both sides, no more than a week away,
        that agree better with each other than with it. The newest candle has but one neighbour:
        it is judged less strictly, and again when the next day comes.
    """
    closes = [math.log(candle.close) for candle in candles]
    flaws: dict[int, Flaw] = {}
    at = 1
    while at < len(candles):
        end = _end_of_spike(candles, closes, at)
        for place in range(at, end):
            before, after = candles[at - 1], candles[end]
            flaws[place] = Flaw(
                "spike",
                f"close {candles[place].close:g}, between {before.close:g} on {before.day} and "
                f"{after.close:g} on {after.day}",
            )
        at = max(end, at) + 1
    last = len(candles) - 1
    if last > 0 and last - 1 not in flaws and _are_neighbours(candles[last - 1], candles[last]):
        move = closes[last] - closes[last - 1]
        if abs(move) >= UNCONFIRMED:
            before = candles[last - 1]
            said = f"close {candles[last].close:g} after {before.close:g} on {before.day}"
            flaws[last] = Flaw("unconfirmed", said)
    return flaws


def _end_of_spike(candles: Sequence[Candle], closes: Sequence[float], at: int) -> int:
    """Return where a spike that begins at a place has ended; the place itself if none does."""
    jump = closes[at] - closes[at - 1]
    if abs(jump) < SPIKE or not _are_neighbours(candles[at - 1], candles[at]):
        return at
    side = math.copysign(1.0, jump)
    for end in range(at + 1, min(at + SPIKE_DAYS + 1, len(candles))):
        if not _are_neighbours(candles[end - 1], candles[end]):
            return at
        inside = closes[at:end]
        nearest = min(
            min(side * (close - closes[at - 1]), side * (close - closes[end])) for close in inside
        )
        if nearest >= SPIKE and abs(closes[end] - closes[at - 1]) <= nearest / 2:
            return end
    return at


def _are_neighbours(earlier: Candle, later: Candle) -> bool:
    return later.day - earlier.day <= NEIGHBOUR


def days_to_compare(held: pd.DataFrame) -> tuple[date, date]:
    """Return the first and last day of the prices that :func:`common_moves` compares with."""
    return held["date"].min().date() - NEIGHBOUR, held["date"].max().date()


def common_moves(
    held: pd.DataFrame, prices: pd.DataFrame, moves: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Return which quarantined spikes are no misprints, because the whole market moved with them.

    It did where its median log return into the day is at least half of the asset's own.

    Parameters
    ----------
    held : DataFrame
        Quarantined spikes: ``asset_id``, ``date`` and ``close``.
    prices : DataFrame
        The same assets' stored prices, as :mod:`marketmap.frames` describes them, of the days that
        :func:`days_to_compare` returns.
    moves : DataFrame
        ``date``, ``move`` (the market's median log return into the day) and ``n_assets`` (of how
        many assets it is the median).

    Returns
    -------
    ndarray of bool, shape (n_held,)
    """
    market = moves[moves["n_assets"] >= FEWEST_IN_MARKET].set_index("date")["move"]
    rows = zip(held["asset_id"], held["date"], held["close"], strict=True)
    return np.array(
        [
            _is_common(close, _close_before(asset_id, day, prices), market.get(day, 0.0))
            for asset_id, day, close in rows
        ],
        dtype=bool,
    )


def _close_before(asset_id: str, day: pd.Timestamp, prices: pd.DataFrame) -> float:
    """Return an asset's newest close in the week before a day; NaN where there is none."""
    near = (prices["date"] < day) & (prices["date"] >= day - NEIGHBOUR)
    before = prices["close"][near & (prices["asset_id"] == asset_id)]
    return float(before.iloc[-1]) if len(before) else math.nan


def _is_common(close: float, before: float, move: float) -> bool:
    """Return whether the market went at least half as far as an asset did."""
    jump = math.log(close / before)
    return 0.0 < abs(jump) < UNCONFIRMED and move / jump >= 0.5
