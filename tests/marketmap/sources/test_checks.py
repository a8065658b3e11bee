"""What a candle must be by itself, and among its neighbours."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from marketmap.sources.answers import REASONS
from marketmap.sources.candles import PRICES, Candle
from marketmap.sources.checks import SPIKE, common_moves, days_to_compare, flaw_of, outliers

DAY = date(2024, 1, 1)
NAN = math.nan
BAR = {"open": 10.0, "high": 12.0, "low": 8.0, "close": 9.0}


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def reason_of(**values: float) -> tuple[str, str] | None:
    """Return the flaw of a bar that is whole but for some values."""
    known = {**BAR, "volume": 1.0, "market_cap": 1.0, "turnover": 1.0, **values}
    flaw = flaw_of(Candle(DAY, known, None))
    assert flaw is None or flaw.reason in REASONS
    return flaw


def candles(closes: Sequence[float], days: Sequence[int] | None = None) -> list[Candle]:
    numbers = range(len(closes)) if days is None else days
    return [
        Candle(day(number), dict.fromkeys(PRICES, close), None)
        for number, close in zip(numbers, closes, strict=True)
    ]


def odd(closes: Sequence[float], days: Sequence[int] | None = None) -> dict[int, str]:
    return {at: flaw.reason for at, flaw in outliers(candles(closes, days)).items()}


# --- by itself


def test_a_whole_bar_has_no_flaw() -> None:
    assert reason_of() is None
    assert reason_of(volume=0.0, market_cap=0.0, turnover=0.0) is None
    assert reason_of(open=9.0, high=9.0, low=9.0) is None
    assert reason_of(open=5e-324, high=5e-324, low=5e-324, close=5e-324) is None
    assert reason_of(open=1e308, high=1.7e308, low=1e307, close=1e308) is None


def test_a_candle_without_a_close_has_no_price() -> None:
    assert reason_of(close=NAN) == ("no_price", "close is null")
    assert reason_of(close=NAN, open=-1.0) == ("no_price", "close is null")


@pytest.mark.parametrize("names", [("open",), ("high",), ("low",), ("open", "high", "low")])
def test_other_prices_may_be_unknown(names: Sequence[str]) -> None:
    assert reason_of(**dict.fromkeys(names, NAN)) is None
    assert reason_of(volume=NAN, market_cap=NAN, turnover=NAN) is None


@pytest.mark.parametrize("name", PRICES)
def test_a_price_is_above_zero(name: str) -> None:
    assert reason_of(**{name: 0.0}) == ("not_positive", f"{name} is 0")
    assert reason_of(**{name: -0.5}) == ("not_positive", f"{name} is -0.5")


@pytest.mark.parametrize("name", ["volume", "market_cap", "turnover"])
def test_a_size_is_not_below_zero(name: str) -> None:
    assert reason_of(**{name: -5e-324}) == ("not_positive", f"{name} is -4.94066e-324")
    assert flaw_of(Candle(DAY, BAR, None)) is None  # and may be missing


@pytest.mark.parametrize("name", ["open", "close"])
def test_open_and_close_lie_within_low_and_high_but_for_rounding(name: str) -> None:
    assert reason_of(**{name: 12.0 * (1 + 0.9e-6)}) is None
    assert reason_of(**{name: 12.0 * (1 + 1.1e-6)}) == (
        "broken_bar",
        f"{name} 12 is not within 8 to 12",
    )
    assert reason_of(**{name: 8.0 * (1 - 0.9e-6)}) is None
    assert reason_of(**{name: 8.0 * (1 - 1.1e-6)}) == (
        "broken_bar",
        f"{name} 7.99999 is not within 8 to 12",
    )


def test_each_side_of_a_bar_is_checked_where_the_other_is_unknown() -> None:
    assert reason_of(high=NAN, open=7.0) == ("broken_bar", "open 7 is not within 8 to nan")
    assert reason_of(low=NAN, close=13.0) == ("broken_bar", "close 13 is not within nan to 12")


def test_low_is_not_above_high() -> None:
    unknown = {"open": NAN, "low": 12.1}
    assert flaw_of(Candle(DAY, {**BAR, **unknown}, None)) is not None
    assert reason_of(open=9.0, close=9.0, high=9.0, low=9.0 * (1 + 2e-6)) is not None
    almost = 9.0 * (1 + 0.9e-6)
    assert reason_of(open=almost, close=9.0, high=9.0, low=almost) is None
    # Open and close are each within rounding of both, but these are not of each other.
    apart = {"open": 9.0, "close": 9.0, "high": 9.0 * (1 - 0.9e-6), "low": 9.0 * (1 + 0.9e-6)}
    assert reason_of(**apart) == ("broken_bar", "low 9.00001 is above high 8.99999")


def test_a_wick_is_less_than_a_hundredfold() -> None:
    assert reason_of(open=9.0, high=900.0) is None
    assert reason_of(open=9.0, high=901.0) == ("wick", "901 is far from open 9")
    assert reason_of(open=10.0, low=0.1) is None
    assert reason_of(open=10.0, low=0.099) == ("wick", "0.099 is far from open 10")
    assert reason_of(high=950.0) == ("wick", "950 is far from close 9")


# --- among its neighbours


@pytest.mark.parametrize("factor", [5.0, 0.2, 1e6, 1e-6])
@pytest.mark.parametrize("n_days", [1, 2, 3])
def test_up_to_three_days_far_from_both_neighbours_are_a_spike(factor: float, n_days: int) -> None:
    closes = [1.0, 1.0] + [factor] * n_days + [1.0, 1.0]
    assert odd(closes) == dict.fromkeys(range(2, 2 + n_days), "spike")
    assert odd(closes[1:-1]) == dict.fromkeys(range(1, 1 + n_days), "spike")


def test_a_level_that_is_held_is_a_new_price() -> None:
    assert odd([1.0, 1.0, 100.0, 100.0, 100.0, 100.0, 1.0, 1.0]) == {}
    assert odd([1.0, 1.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0]) == {}  # a new unit


def test_a_spike_is_more_than_a_fourfold() -> None:
    assert odd([1.0, 3.99, 1.0]) == {}
    assert odd([1.0, 4.01, 1.0]) == {1: "spike"}
    assert odd([1.0, 1 / 3.99, 1.0]) == {}
    assert odd([1.0, 1 / 4.01, 1.0]) == {1: "spike"}


def test_it_is_far_from_both_neighbours() -> None:
    assert odd([1.0, 100.0, 30.0, 29.0, 28.0]) == {}  # a jump up that is half taken back
    third = 100 ** (1 / 3)  # the neighbours agree twice as well with each other as with it
    assert odd([1.0, 100.0, third * 0.99, third, third]) == {1: "spike"}
    assert odd([1.0, 100.0, third * 1.01, third, third]) == {}
    assert odd([1.0, 5.0, 1.2, 1.0]) == {1: "spike"}
    assert odd([1.0, 5.0, 1.3, 1.0]) == {}  # 5 is not four times 1.3


def test_the_days_of_a_spike_may_differ_but_are_all_far() -> None:
    assert odd([1.0, 9.0, 50.0, 7.0, 1.0]) == dict.fromkeys((1, 2, 3), "spike")
    assert odd([1.0, 9.0, 3.0, 7.0, 1.0]) == {}
    assert odd([58.6, 3.16, 0.000338, 23.3, 24.0]) == {1: "spike", 2: "spike"}


def test_two_spikes_are_told_apart() -> None:
    assert odd([1.0, 50.0, 1.0, 0.01, 1.0, 1.0]) == {1: "spike", 3: "spike"}
    assert odd([1.0, 50.0, 1.0, 1.0, 60.0, 70.0, 1.0]) == {1: "spike", 4: "spike", 5: "spike"}


def test_the_first_candle_is_never_odd_nor_is_a_single_one() -> None:
    assert odd([1e6, 1.0, 1.0, 1.0]) == {}
    assert odd([1e6]) == {}
    assert odd([]) == {}


def test_the_newest_waits_for_the_next_day_from_a_tenfold_on() -> None:
    assert odd([1.0, 1.0, 10.1]) == {2: "unconfirmed"}
    assert odd([1.0, 1.0, 9.9]) == {}
    assert odd([1.0, 1.0, 1 / 10.1]) == {2: "unconfirmed"}
    assert odd([1.0, 1.0, 1 / 9.9]) == {}
    assert odd([1.0, 1.0, 10.1, 10.0]) == {}  # confirmed
    assert odd([1.0, 1.0, 10.1, 1.0]) == {2: "spike"}  # and not


def test_a_newest_after_a_spike_was_what_told_it() -> None:
    assert odd([1.0, 1e6, 1.0]) == {1: "spike"}


def test_neighbours_are_no_more_than_a_week_away() -> None:
    assert odd([1.0, 50.0, 1.0], [0, 7, 14]) == {1: "spike"}
    assert odd([1.0, 50.0, 1.0, 1.0], [0, 8, 9, 10]) == {}
    assert odd([1.0, 50.0, 1.0], [0, 1, 9]) == {}
    assert odd([1.0, 50.0], [0, 7]) == {1: "unconfirmed"}
    assert odd([1.0, 50.0], [0, 8]) == {}


def test_a_flaw_says_what_was_compared() -> None:
    (flaw,) = outliers(candles([1.5, 70.0, 1.6])).values()
    assert flaw.detail == "close 70, between 1.5 on 2024-01-01 and 1.6 on 2024-01-03"
    (flaw,) = outliers(candles([1.5, 70.0])).values()
    assert flaw.detail == "close 70 after 1.5 on 2024-01-01"


def walks(largest: float) -> st.SearchStrategy[list[float]]:
    """Closes whose daily log returns are no larger."""
    steps = st.lists(st.floats(-largest, largest), min_size=2, max_size=40)
    return steps.map(lambda moves: [math.exp(at) for at in accumulate(moves, initial=0.0)])


@given(walks(SPIKE / 2))
def test_a_walk_in_steps_of_less_than_half_a_spike_has_no_outliers(closes: list[float]) -> None:
    assert odd(closes) == {}


@given(
    walks(0.2), st.integers(0, 100), st.floats(math.log(5), math.log(1e6)), st.sampled_from([-1, 1])
)
def test_a_planted_spike_is_flagged_and_nothing_else(
    closes: list[float], place: int, size: float, side: int
) -> None:
    at = 1 + place % (len(closes) - 2)
    closes[at] *= math.exp(side * size)
    assert odd(closes) == {at: "spike"}


# --- with the market

SPIKES = pd.DataFrame({"asset_id": ["1"], "date": pd.to_datetime(["2024-01-05"]), "close": [5.0]})


def by_market(close: float, move: float, n_assets: int = 5, before: int = 1) -> bool:
    """Return whether a close, after 1.0 some days before, is of the market's making."""
    when = SPIKES["date"][0]
    prices = pd.DataFrame(
        {
            "date": [when - timedelta(days=9), when - timedelta(days=before), when],
            "asset_id": ["1", "1", "2"],
            "close": [77.0, 1.0, 33.0],
        }
    )
    moves = pd.DataFrame({"date": [when], "move": [move], "n_assets": [n_assets]})
    (made,) = common_moves(SPIKES.assign(close=close), prices, moves)
    return bool(made)


def test_a_spike_is_the_markets_where_that_went_half_as_far() -> None:
    jump = math.log(5.0)
    assert by_market(5.0, jump / 2 + 1e-9)
    assert not by_market(5.0, jump / 2 - 1e-9)
    assert not by_market(5.0, -jump)
    assert by_market(0.2, -jump)
    assert not by_market(0.2, jump)


def test_a_market_of_less_than_five_assets_makes_nothing() -> None:
    assert not by_market(5.0, 2.0, n_assets=4)


def test_a_tenfold_is_never_the_markets() -> None:
    assert by_market(9.9, 3.0)
    assert not by_market(10.1, 3.0)


def test_the_close_before_is_no_more_than_a_week_old() -> None:
    assert by_market(5.0, 2.0, before=7)
    assert not by_market(5.0, 2.0, before=8)


def test_a_day_without_a_market_and_no_spikes_at_all_are_no_trouble() -> None:
    nothing = pd.DataFrame({"date": pd.to_datetime([]), "move": [], "n_assets": []})
    prices = pd.DataFrame(
        {"date": SPIKES["date"] - timedelta(days=1), "asset_id": "1", "close": 1.0}
    )
    assert list(common_moves(SPIKES, prices, nothing)) == [False]
    assert common_moves(SPIKES[:0], prices, nothing).shape == (0,)


def test_a_close_that_equals_the_one_before_is_no_move_at_all() -> None:
    assert not by_market(1.0, 2.0)


def test_the_days_to_compare_with_begin_a_week_before_the_first_spike() -> None:
    held = pd.DataFrame({"date": pd.to_datetime(["2024-01-09", "2024-01-05", "2024-02-01"])})
    assert days_to_compare(held) == (date(2023, 12, 29), date(2024, 2, 1))


# --- real prices

SETS: Mapping[str, list[tuple[str, str, str]]] = {
    "crypto_cmc_23coins_2013_2021": [],
    "crypto_cmc_jessevent_2013_2018": [
        ("VERI", "2017-06-10", "spike"),
        ("VERI", "2017-06-11", "wick"),
    ],
    "crypto_bybit_perps_2020_2025": [("BCHUSDT", "2020-12-14", "not_positive")],
}


@pytest.mark.long
@pytest.mark.parametrize("name", SETS)
def test_of_real_prices_the_known_misprints_are_flagged_and_nothing_else(
    shared_data: Path, name: str
) -> None:
    table = pd.read_parquet(shared_data / f"{name}.parquet").drop_duplicates(["symbol", "date"])
    columns = [*PRICES, "volume", "market_cap"]
    found = []
    for symbol, rows in table.sort_values("date").groupby("symbol"):
        values = rows[columns].astype(float).to_numpy()
        days = [when.date() for when in rows["date"]]
        known = [
            Candle(when, dict(zip(columns, map(float, bar), strict=True)), None)
            for when, bar in zip(days, values, strict=True)
        ]
        flaws = [(candle, flaw) for candle in known if (flaw := flaw_of(candle))]
        sound = [candle for candle in known if flaw_of(candle) is None]
        flaws += [(sound[at], flaw) for at, flaw in outliers(sound).items()]
        found += [(str(symbol), str(candle.day), flaw.reason) for candle, flaw in flaws]
    assert len(table) > 20_000
    assert sorted(found) == SETS[name]
    assert np.isfinite(table["close"].astype(float)).all()
