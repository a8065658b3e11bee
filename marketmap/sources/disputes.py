"""When a source contradicts itself: what it said before, what it says now, and which of it counts.

A source may give another asset's candles under the right id, once. Such rows pass every check of
their own; only other answers about the same days show it. Three kinds of evidence are looked at:

- **Days that two answers share.** A source revises its newest days; where almost all shared closes
  differ, one of the two answers is wrong as a whole, the days included that the other lacks.
- **Another asset's days.** Closes that move, and are equal to another asset's to the last digit.
- **A third answer.** What two answers agree in counts; the stored prices are one of them.

All functions are pure; :mod:`flows.steps.disputes` asks and stores.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import PRICE_VALUES, price_frame
from marketmap.sources.answers import Answer, quarantine_frame
from marketmap.sources.parsing import as_json

Reason = Literal["contradicted", "rescaled", "disputed", "another_asset"]

SETTLED: tuple[Reason, ...] = ("contradicted", "rescaled")
"""Reasons of rows that other answers have replaced: nothing is missing because of them."""
UNSETTLED: tuple[Reason, ...] = ("disputed", "another_asset")
"""Reasons of rows of which it is open what is right: the asset is on no map of these days."""

ROUNDING = 1e-6
"""Closes that differ by less, relatively, are the same."""
MOST = 0.8
"""Two answers agree in this part of their shared days, or contradict each other in it."""
REVISED_DAYS = 2
REVISION = math.log(1.1)
"""Where only the newest days are shared, a difference up to this size is a revision."""
FEW_DAYS = 7
"""So many days may differ between two answers that agree, and are revisions."""
UNIT = 1e-3
"""A ratio that is constant up to this much is another unit: a split or redenomination."""
FEWEST_EQUAL = 5
"""So many different closes, equal to another asset's to the last digit, are no chance."""


Closes = dict[int, float]
"""Closes by day, in microseconds since 1970."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """The closes that two answers about one asset give for the same days.

    Attributes
    ----------
    days : ndarray of datetime64, shape (n_shared,)
    old, new : ndarray of float, shape (n_shared,)
    """

    days: npt.NDArray[Any]
    old: npt.NDArray[np.float64]
    new: npt.NDArray[np.float64]

    @property
    def is_same(self) -> npt.NDArray[np.bool_]:
        """Which days have the same close in both."""
        return np.isclose(self.new, self.old, rtol=ROUNDING, atol=0.0)

    @property
    def contradicts(self) -> bool:
        """Whether one of the two is wrong as a whole."""
        n_days = len(self.days)
        if self.is_same.sum() > (1.0 - MOST) * n_days or not n_days:
            return False
        moves = np.abs(np.log(self.new / self.old))
        return n_days > REVISED_DAYS or bool(moves.max() > REVISION)

    @property
    def agrees(self) -> bool:
        """Whether each confirms the other."""
        return bool(len(self.days)) and bool(self.is_same.sum() >= MOST * len(self.days))

    @property
    def factor(self) -> float | None:
        """The constant ratio of new to old, where almost all days have it; None otherwise."""
        if len(self.days) < FEWEST_EQUAL:
            return None
        ratios = self.new / self.old
        middle = float(np.median(ratios))
        is_constant = np.abs(ratios / middle - 1.0) < UNIT
        if abs(middle - 1.0) < UNIT or is_constant.mean() < MOST:
            return None
        return middle

    def __str__(self) -> str:
        """Return a sentence with figures."""
        different = np.flatnonzero(~self.is_same)
        said = f"{len(different)} of {len(self.days)} closes differ"
        if not len(different):
            return said
        at = different[-1]
        day = pd.Timestamp(self.days[at])
        return f"{said}, such as {self.old[at]:g} and {self.new[at]:g} on {day:%Y-%m-%d}"


def compare(old: pd.DataFrame, new: pd.DataFrame) -> Comparison:
    """Compare the closes of two frames of one asset's prices."""
    return compare_closes(closes_of(old), closes_of(new))


def told_by(answers: Iterable[Answer]) -> pd.DataFrame:
    """Return all rows of answers about one asset, those around their windows included."""
    frames = [f for a in answers if a.rows is not None for f in (a.rows, a.around) if len(f)]
    if not frames:
        return price_frame(pd.DataFrame(columns=["date"]))
    rows = pd.concat(frames, ignore_index=True)
    return price_frame(rows.drop_duplicates(["asset_id", "date"]))


def contradictions(answers: Iterable[Answer], stored: pd.DataFrame) -> dict[str, str]:
    """Return which assets' answers contradict what is stored, or one another, and a sentence.

    Parameters
    ----------
    answers : iterable of Answer
        In the order in which they came.
    stored : DataFrame
        Their assets' stored prices of the days that the answers hold.
    """
    known = {str(asset_id): closes_of(rows) for asset_id, rows in stored.groupby("asset_id")}
    found: dict[str, str] = {}
    for answer in answers:
        asset_id = answer.window.asset_id
        if asset_id is None or answer.rows is None:
            continue
        before = known.setdefault(asset_id, {})
        compared = contradiction(before, answer)
        if compared is not None:
            found.setdefault(asset_id, str(compared))
        before.update(told_closes(answer))
    return found


def contradiction(before: Closes, answer: Answer) -> Comparison | None:
    """Return the comparison that shows an answer to contradict what was told before; else None.

    Beside all days, those on each side of its window are compared alone: what agrees on one side
    must not outweigh that all is another asset's on the other.
    """
    around, first = answer.around, pd.Timestamp(answer.window.first)
    sides = (around[around["date"] < first], around[around["date"] >= first])
    for days in (told_closes(answer), *map(closes_of, sides)):
        compared = compare_closes(before, days)
        if compared.contradicts:
            return compared
    return None


def is_confirmed(telling: pd.DataFrame, voices: Iterable[pd.DataFrame]) -> bool:
    """Return whether one of several others agrees with what an asset's prices are told to be."""
    return any(compare(voice, telling).agrees for voice in voices)


@dataclass(frozen=True, eq=False)
class Overruled:
    """Rows that other answers have shown to be wrong, or in another unit.

    Attributes
    ----------
    rows : DataFrame
        Prices.
    reason : {"contradicted", "rescaled"}
    detail : str
    """

    rows: pd.DataFrame
    reason: Reason
    detail: str


def overruled(rows: pd.DataFrame, winner: pd.DataFrame) -> Overruled | None:
    """Return what of an asset's rows is wrong by an answer that counts; None for mere revisions.

    Parameters
    ----------
    rows, winner : DataFrame
        Prices. Rows of days that the answer lacks are wrong as well: it is asked for all of them.
    """
    compared = compare(rows, winner)
    same = compared.days[compared.is_same]
    wrong = rows[~rows["date"].isin(same)]
    if wrong.empty or (compared.agrees and len(wrong) <= FEW_DAYS):
        return None
    span = f"{wrong['date'].min():%Y-%m-%d} to {wrong['date'].max():%Y-%m-%d}"
    factor = compared.factor
    if factor is not None:
        said = f"{span}: the same prices in another unit, {factor:g} times as much by two answers"
        return Overruled(wrong, "rescaled", said)
    return Overruled(wrong, "contradicted", f"{span}: two answers agree otherwise; {compared}")


def nearer(
    a: pd.DataFrame, b: pd.DataFrame, sizes: Mapping[str, Mapping[str, float]]
) -> str | None:
    """Return whose prices two assets' equal prices are, by what each is listed with.

    Parameters
    ----------
    a, b : DataFrame
        Prices of one asset each.
    sizes : mapping of str to mapping
        ``market_cap`` and ``turnover`` of the newest listing, by asset id.

    Returns
    -------
    str or None
        The asset id; None where one of them is not listed with any.
    """
    distances = []
    for rows in (a, b):
        newest, size = rows.iloc[-1], sizes.get(str(rows["asset_id"].iloc[-1]), {})
        for name in ("market_cap", "turnover"):  # the first that both have
            listed, told = size.get(name, math.nan), float(newest[name])
            if listed > 0 and told > 0:
                distances.append((abs(math.log(listed / told)), str(newest["asset_id"])))
                break
    if len(distances) < 2:
        return None
    return min(distances)[1]


def refused_rows(rows: pd.DataFrame, reason: Reason, detail: str) -> list[dict[str, Any]]:
    """Return prices as rows of :func:`marketmap.sources.answers.quarantine_frame`."""
    told = []
    for row in rows.to_dict("records"):
        values = {name: float(row[name]) for name in PRICE_VALUES}
        raw = as_json({k: None if math.isnan(v) else v for k, v in values.items()})
        head = {"asset_id": row["asset_id"], "date": row["date"], "reason": reason}
        told.append({**head, "detail": detail, "raw": raw, **values})
    return told


def refuse(answer: Answer, reason: Reason, detail: str, right: pd.DataFrame | None) -> Answer:
    """Return an answer none of whose rows are to be stored; they are quarantined.

    ``right`` are the prices that count: a row that is the same is not quarantined.
    """
    rows = answer.rows
    if rows is None:
        return replace(answer, archived=_unused(answer))
    if right is not None:
        compared = compare(rows, right)
        rows = rows[~rows["date"].isin(compared.days[compared.is_same])]
    bad = quarantine_frame(refused_rows(rows, reason, detail))
    held = withhold(answer, detail)
    quarantined = pd.concat([answer.quarantined, bad], ignore_index=True)
    return replace(held, quarantined=quarantined, archived=_unused(answer))


def withhold(answer: Answer, detail: str) -> Answer:
    """Return an answer as it enters the ledger where its rows are not stored, or not yet."""
    attempts = answer.attempts
    if attempts:
        attempts = (*attempts[:-1], replace(attempts[-1], outcome="suspect", detail=detail))
    error = answer.window.named_in(SourceError(detail))
    return replace(answer, attempts=attempts, rows=None, error=error)


def _unused(answer: Answer) -> tuple[Any, ...]:
    return tuple(replace(body, accepted=False) for body in answer.archived)


def closes_of(prices: pd.DataFrame) -> Closes:
    """Return the closes of one asset's prices."""
    known = prices[prices["close"] > 0]
    days = known["date"].to_numpy().astype("datetime64[us]").astype("int64").tolist()
    return dict(zip(days, known["close"].tolist(), strict=True))


def told_closes(answer: Answer) -> Closes:
    """Return the closes of an answer about one asset, those around its window included."""
    return {} if answer.rows is None else closes_of(answer.around) | closes_of(answer.rows)


def compare_closes(old: Closes, new: Closes) -> Comparison:
    """Compare the closes of the days that both have."""
    shared = sorted(day for day in new if day in old)
    return Comparison(
        np.array(shared, dtype="int64").astype("datetime64[us]"),
        np.array([old[day] for day in shared], dtype="float64"),
        np.array([new[day] for day in shared], dtype="float64"),
    )
