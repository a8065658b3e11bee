import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketmap.universe.repairs import apply_repairs, clean_ratio
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
WINDOW = {"window_days": 120}


def select(prices: pd.DataFrame, *, sessions: bool = False, **changes: object) -> Universe:
    make = session_settings if sessions else map_settings
    return select_universe(listing_of(prices), prices, END, make(**{**WINDOW, **changes}))


def repairs_of(prices: pd.DataFrame, **kind: bool) -> list[tuple[str, str, float]]:
    table = select(prices, **kind).repairs
    return [
        (asset, f"{day:%Y-%m-%d}", factor)
        for asset, day, factor in zip(
            table["asset_id"], table["date"], table["factor"], strict=True
        )
    ]


def judged(prices: pd.DataFrame, asset_id: str = "a03", **kind: bool) -> str:
    """The reason of an asset's exclusion, 'repaired' or 'as it is'."""
    universe = select(prices, **kind)
    excluded = universe.exclusions.set_index("asset_id")["reason"]
    if asset_id in excluded:
        return str(excluded[asset_id])
    return "repaired" if asset_id in set(universe.repairs["asset_id"]) else "as it is"


def scaled_from(prices: pd.DataFrame, factor: float, *fields: str) -> pd.DataFrame:
    changed = prices.copy()
    later = (changed["asset_id"] == "a03") & (changed["date"] >= DAY)
    changed.loc[later, list(fields)] *= factor
    return changed


@pytest.mark.parametrize("factor", [1000.0, 1 / 1000, 10.0, 2.2, 1 / 7.5, 2.0])
def test_a_new_unit_that_the_market_cap_does_not_follow_is_repaired(factor: float) -> None:
    market = random_market()
    expected = [("a03", "2024-11-01", pytest.approx(1 / factor, rel=1e-5))]
    if factor == 2.2:
        assert repairs_of(rescale(market, "a03", DAY, factor)) == []  # below jump, and no ratio
    else:
        assert repairs_of(rescale(market, "a03", DAY, factor)) == expected


def test_an_odd_ratio_is_told_by_the_supply() -> None:
    changed = rescale(random_market(), "a03", DAY, 4.4)
    assert repairs_of(changed) == [("a03", "2024-11-01", pytest.approx(1 / 4.4, rel=1e-5))]


@pytest.mark.parametrize("gone", [("market_cap",), ("market_cap", *BARS)])
def test_a_redenomination_is_known_by_turnover_alone(gone: tuple[str, ...]) -> None:
    changed = without(rescale(random_market(), "a03", DAY, 1000.0), *gone)
    assert repairs_of(changed) == [("a03", "2024-11-01", 0.001)]


@pytest.mark.parametrize("ratio", [2.0, 1.5])
@pytest.mark.parametrize("seed", range(5))
def test_a_split_of_a_stock_is_known_by_turnover_despite_its_noise(ratio: float, seed: int) -> None:
    market = random_market(seed=seed, volatility=0.02, calendar="B")
    changed = without(rescale(market, "a03", DAY, ratio), "market_cap")
    assert repairs_of(changed, sessions=True) == [("a03", "2024-11-01", 1 / ratio)]


def test_two_repairs_of_one_asset_multiply() -> None:
    changed = rescale(random_market(), "a03", DAY, 1000.0)
    changed = rescale(changed, "a03", pd.Timestamp("2024-10-01"), 0.1)
    assert repairs_of(changed) == [("a03", "2024-10-01", 10.0), ("a03", "2024-11-01", 0.001)]


def test_repaired_prices_are_exactly_the_raw_ones_times_the_stored_factors() -> None:
    changed = rescale(random_market(), "a03", DAY, 3.0)
    changed = rescale(changed, "a03", pd.Timestamp("2024-10-01"), 1000.0)
    universe = select(changed)
    for kind, repaired in (("close", universe.closes), ("open", universe.opens)):
        raw = changed.pivot(index="date", columns="asset_id", values=kind)["a03"]
        for day, factor in zip(universe.repairs["date"], universe.repairs["factor"], strict=True):
            raw[raw.index < day] *= factor
        assert raw.tolist() == repaired["a03"].tolist()


def test_a_new_unit_in_mid_day_is_repaired_unless_returns_are_made_from_opens() -> None:
    changed = rescale(random_market(), "a03", DAY, 1000.0)
    first = (changed["asset_id"] == "a03") & (changed["date"] == DAY)
    changed.loc[first, ["open", "high"]] *= 1000.0  # opens in the old unit, closes in the new one
    assert repairs_of(changed) == [("a03", "2024-11-01", 0.001)]
    excluded = select(changed, returns="intraday").exclusions
    assert excluded["reason"].tolist() == ["impossible_jump"]


@pytest.mark.parametrize("gone", [(), ("market_cap",), BARS, ("market_cap", *BARS)])
def test_a_crash_that_people_trade_stays(gone: tuple[str, ...]) -> None:
    market = random_market()
    crashed = scaled_from(market, 0.1, *BARS, "close", "market_cap")
    first = (crashed["asset_id"] == "a03") & (crashed["date"] == DAY)
    crashed.loc[first, ["open", "high"]] = market.loc[first, ["open", "high"]]
    crashed.loc[first, "turnover"] *= 30.0
    universe = select(without(crashed, *gone))
    assert universe.repairs.empty
    assert "a03" in universe.assets.index
    returns = np.log(universe.closes["a03"]).diff()
    assert returns[DAY] == pytest.approx(np.log(0.1), abs=0.2)


def test_a_crash_of_the_whole_market_is_no_split() -> None:
    market = without(random_market(volatility=0.01), "market_cap", *BARS)
    market.loc[market["date"] >= DAY, "close"] *= 0.5
    assert select(market, gates={"twin_correlation": 1.0}).repairs.empty


@pytest.mark.parametrize("gone", [(), ("market_cap",), BARS, ("market_cap", *BARS)])
@pytest.mark.parametrize("factor", [17.3, 1 / 17.3, 10.0])
def test_two_coins_under_one_symbol_are_an_impossible_jump(
    factor: float, gone: tuple[str, ...]
) -> None:
    """The other coin has a price, a market cap and a turnover of its own."""
    spliced = scaled_from(random_market(), factor, *BARS, "close")
    spliced = scaled_from(spliced, factor, "market_cap")
    spliced = scaled_from(spliced, 40.0, "turnover", "volume")
    assert judged(without(spliced, *gone)) == "impossible_jump"


def test_another_coin_with_another_supply_is_an_impossible_jump() -> None:
    spliced = scaled_from(random_market(), 20.0, *BARS, "close")
    spliced = scaled_from(spliced, 300.0, "market_cap")
    assert judged(spliced) == "impossible_jump"
    assert judged(without(spliced, *BARS)) == "impossible_jump"


def test_a_misprint_that_is_undone_at_once_is_an_impossible_jump_and_no_new_unit() -> None:
    misprinted = random_market()
    day = (misprinted["asset_id"] == "a03") & (misprinted["date"] == DAY)
    misprinted.loc[day, [*BARS, "close"]] *= 1000.0
    assert judged(misprinted) == "impossible_jump"
    assert judged(without(misprinted, *BARS)) == "impossible_jump"


def test_news_over_night_opens_a_gap_in_a_market_that_closes_and_in_no_other() -> None:
    market = without(random_market(calendar="B"), "market_cap")
    crashed = scaled_from(market, 0.22, *BARS, "close")
    first = (crashed["asset_id"] == "a03") & (crashed["date"] == DAY)
    crashed.loc[first, "turnover"] *= 20.0
    assert judged(crashed, sessions=True) == "as it is"
    quiet = crashed.assign(turnover=market["turnover"])
    assert judged(quiet, sessions=True) == "impossible_jump"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.001, 0.05), st.booleans(), st.booleans())
def test_a_random_walk_of_moderate_moves_is_never_repaired_nor_jumps(
    seed: int, volatility: float, has_bars: bool, has_caps: bool
) -> None:
    market = random_market(12, 61, seed=seed, volatility=volatility)
    market = market if has_bars else without(market, *BARS)
    market = market if has_caps else without(market, "market_cap")
    gates = {"pegged_volatility": 0.0}
    universe = select(market, window_days=60, gates=gates)
    assert universe.repairs.empty
    assert "impossible_jump" not in set(universe.exclusions["reason"])


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([1.5, 2.0, 3.0, 10.0, 1000.0, 1e6]),
    st.booleans(),
    st.integers(10, 110),
)
def test_repairing_gives_back_the_original_closes_up_to_one_factor(
    seed: int, ratio: float, up: bool, at: int
) -> None:
    market = random_market(seed=seed)
    day = market["date"].drop_duplicates().sort_values().iloc[at]
    changed = rescale(market, "a03", day, ratio if up else 1 / ratio)
    closes = select(changed).closes["a03"]
    original = market[market["asset_id"] == "a03"].set_index("date")["close"]
    np.testing.assert_allclose(closes / original, 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(2.0, 2.0), (0.5, 0.5), (1.5, 1.5), (2 / 3, 1 / 1.5), (1000, 1000.0), (1.01e-3, 0.001)],
)
def test_a_ratio_is_clean_when_it_lies_near_one(factor: float, expected: float) -> None:
    assert clean_ratio(np.log(factor), 0.02) == expected


@pytest.mark.parametrize("factor", [1.75, 2.4, 1 / 2.65, 4.5, 300.0, 1.1])
def test_a_ratio_between_clean_ones_is_not(factor: float) -> None:
    assert clean_ratio(np.log(factor), 0.5) is None


def test_apply_repairs_leaves_other_assets_and_the_day_itself_alone() -> None:
    days = pd.date_range("2024-01-01", periods=3)
    values = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]}, index=days)
    repairs = pd.DataFrame({"asset_id": ["x", "z"], "date": days[[1, 1]], "factor": [10.0, 7.0]})
    repaired = apply_repairs(values, repairs)
    assert repaired["x"].tolist() == [10.0, 2.0, 3.0]
    assert repaired["y"].tolist() == [1.0, 2.0, 3.0]
    assert values["x"].tolist() == [1.0, 2.0, 3.0]
