"""Splits that nobody adjusted, in tables where nothing but prices is known."""

import numpy as np
import pandas as pd
import pytest

from marketmap.universe.select import Universe, select_universe
from tests.support.price_markets import (
    END,
    listing_of,
    map_settings,
    random_market,
    rescale,
    session_settings,
    without,
)

DAY = pd.Timestamp("2024-11-01")
BARS = ("open", "high", "low")
UNKNOWN = ("market_cap", "turnover", "volume")
KNOWN = {"closes": BARS, "open and close": ("high", "low"), "bars": ()}


def market(kind: str = "closes", seed: int = 0, volatility: float = 0.015) -> pd.DataFrame:
    """Stocks of which only prices are known."""
    prices = random_market(seed=seed, volatility=volatility, calendar="B")
    return without(prices, *UNKNOWN, *KNOWN[kind])


def select(prices: pd.DataFrame, *, sessions: bool = True, **changes: object) -> Universe:
    make = session_settings if sessions else map_settings
    listing = listing_of(random_market()).assign(market_cap=np.nan, turnover=np.nan)
    return select_universe(listing, prices, END, make(window_days=80, **changes))


def told(prices: pd.DataFrame, *, sessions: bool = True) -> list[tuple[str, str, str, float]]:
    table = select(prices, sessions=sessions).repairs
    return [
        (row.asset_id, row.reason, f"{row.date:%Y-%m-%d}", row.factor) for row in table.itertuples()
    ]


def stirred(prices: pd.DataFrame, times: float = 4.0) -> pd.DataFrame:
    """Make the moves of a03 larger from the day on, as after a crash."""
    changed = prices.copy()
    own = changed["asset_id"] == "a03"
    later = own & (changed["date"] > DAY)
    close = changed.loc[own].set_index("date")["close"]
    moves = np.log(close).diff()[close.index > DAY] * times
    anew = close[DAY] * np.exp(moves.cumsum())
    for field in ("close", *BARS):
        if changed.loc[later, field].notna().any():
            changed.loc[later, field] *= anew.to_numpy() / close[close.index > DAY].to_numpy()
    return changed


@pytest.mark.parametrize("kind", KNOWN)
@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 4.0, 7.0, 20.0, 0.5, 0.1])
def test_a_split_is_repaired_by_its_form_alone(kind: str, ratio: float) -> None:
    original = market(kind)
    universe = select(rescale(original, "a03", DAY, ratio))
    assert told(rescale(original, "a03", DAY, ratio)) == [
        ("a03", "split_by_form", "2024-11-01", pytest.approx(1 / ratio, rel=1e-12))
    ]
    kept = original[original["asset_id"] == "a03"].set_index("date")["close"]
    closes = universe.closes["a03"]
    np.testing.assert_allclose(closes / kept[closes.index], closes.iloc[-1] / kept.iloc[-1])


def test_the_sentence_names_the_days_the_prices_and_the_ratio() -> None:
    detail = select(rescale(market("bars"), "a03", DAY, 2.0)).repairs["detail"].item()
    assert "on 2024-10-31 to" in detail
    assert "next to 2:1" in detail


@pytest.mark.parametrize("kind", ["open and close", "bars"])
@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.0, 0.5])
@pytest.mark.parametrize("has_turnover", [False, True])
def test_closes_that_were_not_split_beside_bars_that_were_are_repaired(
    kind: str, ratio: float, has_turnover: bool
) -> None:
    prices = market(kind)
    if has_turnover:
        prices = without(random_market(volatility=0.015, calendar="B"), "market_cap", *KNOWN[kind])
    before = (prices["asset_id"] == "a03") & (prices["date"] < DAY)
    prices.loc[before, "close"] *= ratio
    ((asset_id, _, day, factor),) = told(prices)
    assert (asset_id, day, factor) == ("a03", "2024-11-01", pytest.approx(1 / ratio))


def test_opens_that_do_not_go_with_the_closes_give_no_intraday_returns() -> None:
    prices = market("bars")
    prices.loc[(prices["asset_id"] == "a03") & (prices["date"] < DAY), "close"] *= 2.0
    excluded = select(prices, returns="intraday").exclusions.set_index("asset_id")
    assert excluded.at["a03", "reason"] == "impossible_jump"
    assert "the open is in another unit than the close" in excluded.at["a03", "detail"]


def test_two_splits_of_one_stock_are_both_repaired() -> None:
    changed = rescale(rescale(market(), "a03", DAY, 2.0), "a03", pd.Timestamp("2024-12-02"), 1.5)
    assert [(day, factor) for *_, day, factor in told(changed)] == [
        ("2024-11-01", 0.5),
        ("2024-12-02", pytest.approx(1 / 1.5)),
    ]


@pytest.mark.parametrize("kind", ["open and close", "bars"])
@pytest.mark.parametrize("fall", [0.5, 0.51, 2 / 3])
def test_a_crash_that_gaps_down_and_is_traded_stays(kind: str, fall: float) -> None:
    """It opens somewhere, is traded down, and the days after it are stirred."""
    crashed = stirred(rescale(market(kind), "a03", DAY, 1 / fall))
    first = (crashed["asset_id"] == "a03") & (crashed["date"] == DAY)
    crashed.loc[first, ["open", "high"]] *= 1.2
    universe = select(crashed)
    assert "a03" in universe.assets.index
    assert not (universe.repairs["factor"] != 1.0).any()
    returns = np.log(universe.closes["a03"]).diff()
    assert returns[DAY] == pytest.approx(np.log(fall), abs=0.06)


def test_a_fall_that_was_traded_up_and_down_all_day_is_a_doubt_whatever_comes_after() -> None:
    crashed = rescale(market("bars"), "a03", DAY, 2.0)
    first = (crashed["asset_id"] == "a03") & (crashed["date"] == DAY)
    crashed.loc[first, "high"] *= 1.06
    crashed.loc[first, "low"] *= 0.94
    assert [reason for _, reason, *_ in told(crashed)] == ["possible_split"]


def test_a_fall_to_a_clean_ratio_into_stirred_days_is_a_doubt_that_names_the_ratio() -> None:
    changed = stirred(rescale(market(), "a03", DAY, 2.0))
    universe = select(changed)
    assert told(changed) == [("a03", "possible_split", "2024-11-01", 1.0)]
    assert "a split of 2:1" in universe.repairs["detail"].item()
    assert np.log(universe.closes["a03"]).diff()[DAY] == pytest.approx(-np.log(2), abs=0.06)


def test_a_split_of_the_last_day_is_a_doubt_until_days_after_it_tell() -> None:
    last = pd.Timestamp(END)
    assert [reason for _, reason, *_ in told(rescale(market(), "a03", last, 2.0))] == [
        "possible_split"
    ]


@pytest.mark.parametrize("ratio", [1.25, 4 / 3])
def test_small_splits_are_doubts(ratio: float) -> None:
    changed = rescale(market("bars", volatility=0.008), "a03", DAY, ratio)
    assert told(changed) == [("a03", "possible_split", "2024-11-01", 1.0)]


def test_a_fall_between_clean_ratios_is_neither_repaired_nor_doubted() -> None:
    assert told(rescale(market("bars"), "a03", DAY, 1.75)) == []


def test_a_fall_of_the_whole_market_is_no_split() -> None:
    prices = market()
    prices.loc[prices["date"] >= DAY, "close"] *= 0.5
    assert select(prices, gates={"twin_correlation": 1.0}).repairs.empty


def test_a_misprint_that_is_undone_is_no_split() -> None:
    prices = market()
    prices.loc[(prices["asset_id"] == "a03") & (prices["date"] == DAY), "close"] *= 0.5
    assert told(prices) == []


def test_a_large_move_of_a_wild_asset_is_no_split() -> None:
    """Coins of 8 % per day fall by half now and then."""
    wild = without(random_market(volatility=0.08), *UNKNOWN, *BARS)
    assert told(rescale(wild, "a03", DAY, 2.0), sessions=False) == []


def test_turnover_that_was_adjusted_where_the_price_was_not_speaks_for_a_split() -> None:
    prices = without(random_market(volatility=0.015, calendar="B"), "market_cap", *BARS)
    changed = rescale(prices, "a03", DAY, 2.0)
    later = (changed["asset_id"] == "a03") & (changed["date"] >= DAY)
    changed.loc[later, "turnover"] *= 0.5
    found = select_universe(listing_of(prices), changed, END, session_settings(window_days=80))
    assert found.repairs["factor"].tolist() == [0.5]


def test_one_split_more_does_not_change_the_correlations_of_a_sector() -> None:
    prices = market(seed=3)
    before = np.log(select(prices).closes).diff().corr()
    after = np.log(select(rescale(prices, "a03", DAY, 2.0)).closes).diff().corr()
    np.testing.assert_allclose(after, before, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KNOWN)
def test_ordinary_stocks_have_no_splits(kind: str, seed: int) -> None:
    assert told(market(kind, seed=seed, volatility=0.02)) == []
