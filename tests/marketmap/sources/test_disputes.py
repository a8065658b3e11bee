"""Which of several answers about the same days counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from marketmap.frames import price_frame
from marketmap.sources.answers import Answer, Window
from marketmap.sources.disputes import (
    compare,
    contradictions,
    nearer,
    overruled,
    told_by,
)
from marketmap.sources.versions import versions

FIRST = date(2026, 1, 1)
RIGHT = [100.0, 103.0, 99.0, 101.0, 97.0, 104.0, 108.0, 105.0, 111.0, 109.0]
OTHER = [3.0, 3.1, 2.9, 3.3, 3.2, 3.0, 2.8, 3.1, 3.4, 3.6]


def prices(closes: Sequence[float], start: int = 0, asset_id: str = "1") -> pd.DataFrame:
    days = [FIRST + timedelta(days=start + n) for n in range(len(closes))]
    return price_frame(pd.DataFrame({"date": days, "asset_id": asset_id, "close": closes}))


def answer(closes: Sequence[float], start: int = 0, asset_id: str = "1") -> Answer:
    rows = prices(closes, start, asset_id)
    last = FIRST + timedelta(days=start + max(len(closes) - 1, 0))
    return Answer(Window(asset_id, FIRST + timedelta(days=start), last), (), rows)


@pytest.mark.parametrize(
    ("new", "contradicts", "agrees"),
    [
        (RIGHT, False, True),
        (OTHER, True, False),
        ([*RIGHT[:8], 112.0, 107.0], False, True),  # the newest two days are revised
        ([*RIGHT[:5], *OTHER[5:]], False, False),  # neither the one nor the other
        ([100.0, *OTHER[1:]], True, False),  # equal by chance on a day
        ([close * 1000 for close in RIGHT], True, False),
        ([close * 1.0000001 for close in RIGHT], False, True),  # other digits
        ([], False, False),
    ],
)
def test_answers_contradict_each_other_where_almost_all_shared_days_differ(
    new: Sequence[float], contradicts: bool, agrees: bool
) -> None:
    compared = compare(prices(RIGHT), prices(new))
    assert (compared.contradicts, compared.agrees) == (contradicts, agrees)


@pytest.mark.parametrize(("close", "contradicts"), [(109.0, False), (115.0, False), (3.6, True)])
def test_a_single_shared_day_may_be_revised_by_a_tenth(close: float, contradicts: bool) -> None:
    assert compare(prices([109.0]), prices([close])).contradicts is contradicts


def test_a_constant_ratio_is_another_unit_and_a_drifting_one_is_not() -> None:
    def factor(*ratios: float) -> float | None:
        told = [a * b for a, b in zip(RIGHT, ratios, strict=True)]
        return compare(prices(RIGHT), prices(told)).factor

    assert factor(*[0.001] * 10) == pytest.approx(0.001)
    assert factor(*[0.001] * 9, 0.00101) == pytest.approx(0.001)  # the newest day is revised too
    assert factor(*[0.9 + 0.004 * n for n in range(10)]) is None
    assert factor(*[1.0] * 10) is None


def test_overruled_are_the_days_that_differ_or_are_not_there() -> None:
    wrong = overruled(prices(OTHER), prices(RIGHT[:8]))
    assert wrong is not None
    assert (wrong.reason, len(wrong.rows)) == ("contradicted", 10)
    assert wrong.detail == (
        "2026-01-01 to 2026-01-10: two answers agree otherwise; 8 of 8 closes differ, such as "
        "3.1 and 105 on 2026-01-08"
    )
    scaled = overruled(prices(RIGHT), prices([close / 10 for close in RIGHT]))
    assert scaled is not None
    assert scaled.reason == "rescaled"
    assert overruled(prices(RIGHT), prices([*RIGHT[:8], 112.0, 107.0])) is None


def test_answers_are_compared_with_one_another_and_with_what_is_stored() -> None:
    stored = prices(RIGHT)
    assert contradictions([answer(RIGHT[-3:], 7)], stored) == {}
    assert set(contradictions([answer(OTHER[-3:], 7)], stored)) == {"1"}
    assert contradictions([answer(OTHER, asset_id="2")], stored) == {}
    both = [answer(RIGHT[5:], 5), answer(OTHER)]
    assert set(contradictions(both, stored[:0])) == {"1"}


def test_the_days_around_a_window_are_compared_too() -> None:
    later, around = answer(RIGHT[8:], 8), prices(OTHER[5:8], 5)
    told = Answer(later.window, (), later.rows, around=around)
    assert len(told_by([told])) == 5
    assert set(contradictions([told], prices(RIGHT[:8]))) == {"1"}


@pytest.mark.parametrize("is_stored", [True, False])
def test_what_agrees_on_one_side_does_not_outweigh_another_asset_on_the_other(
    is_stored: bool,
) -> None:
    """An older window is right, the newest is another asset's, and that between them comes last."""
    old, newest = answer(RIGHT[:4]), answer(OTHER[7:], start=7)
    around = pd.concat([prices(RIGHT[:4]), prices(RIGHT[7:], start=7)])
    between = replace(answer(RIGHT[4:7], start=4), around=around)
    if is_stored:
        stored = pd.concat([prices(RIGHT[:4]), prices(OTHER[7:], start=7)])
        assert list(contradictions([between], stored)) == ["1"]
    else:
        assert list(contradictions([old, newest, between], prices([]))) == ["1"]


@pytest.mark.parametrize("side", [0, 7])
def test_days_beside_a_window_that_are_as_stored_contradict_nothing(side: int) -> None:
    between = replace(answer(RIGHT[4:7], start=4), around=prices(RIGHT[side : side + 3], side))
    assert contradictions([between], prices(RIGHT)) == {}


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ([OTHER, RIGHT, RIGHT], [1, 2]),  # wrong at first
        ([RIGHT, RIGHT, OTHER], [0, 1]),  # odd at last
        ([RIGHT, OTHER, RIGHT], [0, 2]),
        ([RIGHT, RIGHT, OTHER, OTHER], [2, 3]),  # told anew, and confirmed
        ([RIGHT, OTHER], [0]),  # neither is confirmed
        ([RIGHT, OTHER, OTHER, RIGHT], [0, 3]),
        ([], []),
    ],
)
def test_of_archived_answers_the_last_that_another_confirms_count(
    told: Sequence[Sequence[float]], right: Sequence[int]
) -> None:
    answers = [answer(closes) for closes in told]
    counting, rest = versions(answers)
    assert [answers.index(one) for one in counting] == list(right)
    assert len(counting) + len(rest) == len(answers)


def test_of_two_equal_assets_the_prices_are_those_of_the_one_that_is_listed_with_them() -> None:
    one = prices(RIGHT).assign(market_cap=5e9)
    other = one.assign(asset_id="2")
    sizes = {"1": {"market_cap": 5.1e9}, "2": {"market_cap": 2e8}}
    assert nearer(one, other, sizes) == "1"
    assert nearer(other, one, sizes) == "1"
    assert nearer(one, other, {"1": sizes["1"]}) is None


def test_an_archived_answer_that_contradicts_others_on_one_side_does_not_count_with_them() -> None:
    old, newest = answer(RIGHT[:4]), answer(OTHER[7:], start=7)
    around = pd.concat([prices(RIGHT[:4]), prices(RIGHT[7:], start=7)])
    between = replace(answer(RIGHT[4:7], start=4), around=around)
    assert versions([old, newest, between]) == ([old, newest], [between])
