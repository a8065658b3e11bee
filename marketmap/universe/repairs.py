"""Splits and redenominations: prices in a new unit, which value does not follow.

A repair multiplies the prices before its day by a factor, so that the series is continuous in the
newest unit. It is made only on evidence: the market cap stays where it is or, where none is known,
turnover does (units traded move against the price). A real crash moves both. Where neither is
known, the form of the move has to tell (:mod:`marketmap.universe.form`).
"""

import math
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import pandas as pd

from marketmap.universe.form import Form, split_by_form
from marketmap.universe.jumps import FEWEST_DAYS, PEAK, SURGE, Move, Track, examine
from marketmap.universe.ratios import clean_ratio


@dataclass(frozen=True)
class Repair:
    """One repair of one asset.

    Attributes
    ----------
    day : date
        The first day in the new unit.
    factor : float
        Open, high, low and close of all earlier days are multiplied by it; 1 where prices are left
        as they are and only a doubt is told.
    detail : str
        A sentence with the figures that speak for it.
    reason : str
        ``new_unit``, ``split_by_form`` or ``possible_split``.
    """

    day: date
    factor: float
    detail: str
    reason: str


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
        repair = _repair(track, row, move, limit, uses_opens=uses_opens)
        form = None
        if repair is None and math.isnan(move.supply_change):
            form = split_by_form(track, row, move, trades_every_day=trades_every_day)
            if form is not None and form.is_sure:
                detail = _formed(track, row, form)
                repair = Repair(track.day[row].date(), form.factor, detail, "split_by_form")
        if repair is not None:
            repairs.append(repair)
            track = track.rescaled(row, repair.factor)
            continue
        size = max(abs(move.shift), abs(move.step))
        if size >= limit and not move.is_explained(limit, trades_every_day=trades_every_day):
            if size > largest:
                largest, sentence = size, _unexplained(track, row, move)
        elif form is not None:
            detail = _undecided(track, row, form)
            repairs.append(Repair(track.day[row].date(), 1.0, detail, "possible_split"))
    return Finding(tuple(repairs), sentence)


def _repair(track: Track, row: int, move: Move, limit: float, *, uses_opens: bool) -> Repair | None:
    factor = unit_factor(move, track.usual_step, limit, uses_opens=uses_opens)
    if factor is None:
        return None
    return Repair(track.day[row].date(), factor, _repaired(track, row, move), "new_unit")


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


def _formed(track: Track, row: int, form: Form) -> str:
    return (
        f"{_told(track, row)}; known by its form alone: next to {_ratio(form.factor)}, and as calm "
        "after it as before"
    )


def _undecided(track: Track, row: int, form: Form) -> str:
    return (
        f"{_told(track, row)}; a split of {_ratio(form.factor)} that was never adjusted, or a true "
        "move: left as it is"
    )


def _told(track: Track, row: int) -> str:
    night = float(track.night[row])
    opened = "" if math.isnan(night) else f" (it opened at {_times(night)})"
    return f"close went {_between(track, row)}, {_times(float(track.shift[row]))}{opened}"


def _ratio(factor: float) -> str:
    """Word a factor as splits are named: 0.5 is 2:1, 2 is 1:2."""
    old, new = Fraction(factor).limit_denominator(1000).as_integer_ratio()
    return f"{new}:{old}"


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
