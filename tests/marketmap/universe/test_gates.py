from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketmap.universe.gates import REASONS
from marketmap.universe.select import Universe, select_universe
from tests.support.price_markets import (
    BYBIT,
    COINS_23,
    COINS_44,
    END,
    STOCKS,
    listing_of,
    map_settings,
    random_market,
    real_prices,
    session_settings,
)

LAST = pd.Timestamp(END)
Change = Callable[[pd.DataFrame], pd.DataFrame]


def verdict(prices: pd.DataFrame, asset_id: str = "a03", **changes: object) -> tuple[str, str]:
    """Reason and detail of an asset's exclusion; two empty texts where it is on the map."""
    settings = map_settings(**{"window_days": 120, **changes})
    listing = listing_of(prices)
    table = select_universe(listing, prices, END, settings).exclusions.set_index("asset_id")
    if asset_id not in table.index:
        return "", ""
    return str(table.at[asset_id, "reason"]), str(table.at[asset_id, "detail"])


def days_of(prices: pd.DataFrame, asset_id: str, start: int, stop: int) -> pd.Series:
    """Mark an asset's rows from its start-th to before its stop-th; negative from the end."""
    rows = np.flatnonzero(prices["asset_id"] == asset_id)[slice(start, stop or None)]
    return pd.Series(np.isin(np.arange(len(prices)), rows), prices.index)


def test_the_sound_market_is_mapped_whole() -> None:
    assert all(verdict(random_market(), f"a{n:02d}") == ("", "") for n in range(14))


@pytest.mark.parametrize(
    ("start", "stop", "reason", "detail"),
    [
        (-1, 0, "late", "its last price is of 2024-12-30"),
        (-2, 0, "late", "its last price is of 2024-12-29"),
        (-20, 0, "holes", "prices end on 2024-12-11, 20 days before the as-of day"),
        (0, 3, "short_history", "prices start on 2024-09-05, 3 days after the window"),
        (50, 53, "holes", "3 of 121 days have no price; gates.max_missing allows 2"),
        (50, 52, "", ""),
        (0, 2, "", ""),
    ],
)
def test_missing_days_are_told_apart_by_where_they_lie(
    start: int, stop: int, reason: str, detail: str
) -> None:
    market = random_market()
    found = verdict(market[~days_of(market, "a03", start, stop)])
    assert found[0] == reason
    assert found[1].startswith(detail)


def test_missing_days_that_are_allowed_stay_missing() -> None:
    market = random_market()
    gone = days_of(market, "a03", 50, 52)
    settings = map_settings(window_days=120)
    closes = select_universe(listing_of(market), market[~gone], END, settings).closes
    assert closes["a03"].isna().sum() == 2
    assert len(closes) == 121


def test_an_asset_without_any_price_in_the_window_says_when_its_last_was() -> None:
    market = random_market(n_days=200)
    gone = days_of(market, "a03", -150, 0)
    listing = listing_of(market)
    settings = map_settings(window_days=120)
    table = select_universe(listing, market[~gone], END, settings).exclusions
    assert table["reason"].tolist() == ["no_prices"]
    assert table["detail"].tolist() == ["no price in the window; its last is of 2024-08-03"]


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_of_zero_or_less_rules_out(price: float) -> None:
    market = random_market()
    market.loc[days_of(market, "a03", 60, 61), "close"] = price
    assert verdict(market) == (
        "non_positive_price",
        f"closing price of {price:g} on 2024-11-01",
    )


def test_an_opening_price_of_zero_matters_only_to_returns_made_from_it() -> None:
    market = random_market()
    market.loc[days_of(market, "a03", 60, 61), ["open", "low"]] = 0.0
    assert verdict(market) == ("", "")
    assert verdict(market, returns="intraday")[0] == "non_positive_price"


def test_a_missing_opening_price_is_a_missing_day_to_returns_made_from_it() -> None:
    market = random_market()
    market.loc[days_of(market, "a03", 60, 65), "open"] = np.nan
    assert verdict(market) == ("", "")
    assert verdict(market, returns="intraday")[0] == "holes"


def with_closes(closes: np.ndarray) -> Change:
    def change(market: pd.DataFrame) -> pd.DataFrame:
        own = market["asset_id"] == "a03"
        market.loc[own, ["open", "high", "low", "close"]] = np.tile(closes[:, None], 4)
        market.loc[own, "market_cap"] = 1e8 * closes
        return market

    return change


NOISE = np.random.default_rng(5).normal(size=121)
PEG = np.exp(0.001 * NOISE)
DEPEGGED = np.where(np.arange(121) == 60, 0.9, PEG)
GOLD = np.exp(np.cumsum(0.005 * NOISE))
CALM = np.exp(np.cumsum(0.02 * NOISE))
STUCK = np.repeat(np.exp(np.cumsum(0.08 * NOISE[:41])), 3)[:121]
STOOD = np.where((np.arange(121) >= 50) & (np.arange(121) < 60), CALM[50], CALM)


@pytest.mark.parametrize(
    ("closes", "reason"),
    [
        (PEG, "pegged"),
        (DEPEGGED, "pegged"),
        (np.ones(121), "pegged"),
        (GOLD, "calm_and_apart"),
        (CALM, ""),
        (STUCK, "frozen"),
        (STOOD, "frozen"),
    ],
    ids=["peg", "peg that broke once", "constant", "gold", "calm", "often still", "long still"],
)
def test_prices_that_hardly_move_are_told_by_their_behaviour(
    closes: np.ndarray, reason: str
) -> None:
    # The market moves ten times as much as gold, and gold does not follow it.
    market = with_closes(closes)(random_market(volatility=0.05))
    assert verdict(market)[0] == reason


@pytest.mark.parametrize(("turnover", "reason"), [(0.0, "frozen"), (1e6, ""), (np.nan, "")])
def test_quotes_at_which_nobody_traded_are_prices_that_stand_still(
    turnover: float, reason: str
) -> None:
    market = random_market()
    some = days_of(market, "a03", 40, 70)
    for field in ("open", "high", "low"):
        market.loc[some, field] = market.loc[some, "close"]
    market.loc[some, "turnover"] = turnover
    assert verdict(market)[0] == reason


def test_of_two_copies_the_larger_stays_and_is_named() -> None:
    market = random_market()
    twin = market[market["asset_id"] == "a01"].copy()
    noise = np.exp(np.random.default_rng(3).normal(0.0, 0.001, len(twin)))
    twin[["open", "high", "low", "close"]] *= noise[:, None]
    market = pd.concat([market, twin.assign(asset_id="wrapped", market_cap=1e5)])
    reason, detail = verdict(market, "wrapped")
    assert reason == "twin"
    assert "with a01 over 120 days; a copy from 0.98" in detail
    assert verdict(market, "a01") == ("", "")
    larger = market.assign(
        market_cap=market["market_cap"].where(market["asset_id"] != "wrapped", 1e15)
    )
    assert verdict(larger, "wrapped") == ("", "")
    assert verdict(larger, "a01")[0] == "twin"


def test_a_copy_of_an_asset_that_is_not_mapped_is_judged_on_its_own() -> None:
    market = random_market()
    twin = market[market["asset_id"] == "a01"].assign(asset_id="wrapped", market_cap=1e5)
    market = pd.concat([market, twin])
    assert verdict(market, "wrapped", universe={"excluded_assets": ["a01"]}) == ("", "")


def test_too_few_common_days_prove_no_copy() -> None:
    market = random_market()
    twin = market[market["asset_id"] == "a01"].assign(asset_id="wrapped", market_cap=1e5)
    market = pd.concat([market, twin])
    assert verdict(market, "wrapped", gates={"twin_days": 120})[0] == "twin"
    assert verdict(market, "wrapped", gates={"twin_days": 121}) == ("", "")


def product(market: pd.DataFrame, times: float, name: str = "bear") -> pd.DataFrame:
    """A small fund that returns a multiple of a01's, a little noise beside it."""
    closes = market[market["asset_id"] == "a01"].copy()
    moves = np.log(closes["close"]).diff().fillna(0.0)
    noise = np.random.default_rng(5).normal(0.0, 2e-4, len(closes))
    closes["close"] = 100.0 * np.exp(np.cumsum(times * moves + noise))
    closes[["open", "high", "low"]] = np.nan
    return closes.assign(asset_id=name, market_cap=1e5)


@pytest.mark.parametrize("times", [-1.0, -2.0, -3.0, 3.0])
def test_a_product_that_moves_against_another_asset_is_a_twin_as_one_that_follows_it(
    times: float,
) -> None:
    market = random_market(volatility=0.01)
    market = pd.concat([market, product(market, times)])
    reason, detail = verdict(market, "bear")
    assert reason == "twin"
    kind = "an inverse product from -0.98" if times < 0 else "a copy from 0.98"
    assert detail.endswith(f"with a01 over 120 days; {kind}")
    assert verdict(market, "a01") == ("", "")


def test_an_inverse_of_which_daily_closes_are_noisy_is_seen_by_its_weeks() -> None:
    market = random_market(volatility=0.02, n_days=241)
    bear = product(market, -1.0)
    bear["close"] *= np.exp(np.random.default_rng(8).normal(0.0, 0.006, len(bear)))
    market = pd.concat([market, bear])
    reason, detail = verdict(market, "bear", window_days=240)
    assert reason == "twin"
    assert "seven-day returns -0.9" in detail


def test_a_mirror_of_a_mirror_is_a_twin_of_what_is_on_the_map() -> None:
    market = random_market(volatility=0.01)
    both = pd.concat([market, product(market, -1.0), product(market, -3.0, "bear3")])
    excluded = both[both["asset_id"] != "a01"]
    assert verdict(excluded, "bear3")[0] == "twin"
    assert verdict(excluded, "bear") == ("", "")


def test_what_moves_half_against_another_asset_is_no_twin() -> None:
    market = random_market()
    half = product(market, -1.0)
    half["close"] *= np.exp(np.cumsum(np.random.default_rng(8).normal(0.0, 0.03, len(half))))
    assert verdict(pd.concat([market, half]), "bear") == ("", "")


# Named cases of the real sets.


def real(folder: Path, name: str, as_of: str, days: int, **changes: object) -> Universe:
    prices = real_prices(folder, name)
    prices = prices[prices["date"] <= as_of]
    make = session_settings if name == STOCKS else map_settings
    changes = {"universe": {"size": 600}, "gates": {"min_assets": 2}, **changes}
    settings = make(window_days=days, **changes)
    listing = listing_of(prices)
    return select_universe(listing, prices, pd.Timestamp(as_of).date(), settings)


def reasons(universe: Universe) -> dict[str, str]:
    table = universe.exclusions
    return dict(zip(table["asset_id"], table["reason"], strict=True))


def test_perpetuals_of_2025(shared_data: Path) -> None:
    universe = real(shared_data, BYBIT, "2025-11-13", 365)
    assert reasons(universe) == {
        "USDCUSDT": "pegged",
        "USDEUSDT": "pegged",
        "PAXGUSDT": "calm_and_apart",
    }
    assert universe.repairs.empty
    mapped = universe.closes
    stay = ["OMUSDT", "1000PEPEUSDT", "BTCUSDT", "ETHUSDT", "TRXUSDT", "BNBUSDT", "ETHBTCUSDT"]
    assert set(stay) <= set(mapped.columns)
    moves = np.log(mapped).diff()
    assert moves.at[pd.Timestamp("2025-04-13"), "OMUSDT"] == pytest.approx(-1.824, abs=1e-3)
    assert moves.at[pd.Timestamp("2025-04-16"), "AERGOUSDT"] == pytest.approx(-1.136, abs=1e-3)


@pytest.mark.parametrize("as_of", ["2022-12-31", "2023-11-13", "2024-11-13", "2025-05-13"])
@pytest.mark.parametrize("days", [180, 365])
def test_gold_and_dollars_go_and_calm_majors_stay(shared_data: Path, as_of: str, days: int) -> None:
    universe = real(shared_data, BYBIT, as_of, days)
    mapped = set(universe.assets.index)
    assert {"BTCUSDT", "ETHUSDT", "TRXUSDT", "BNBUSDT"} <= mapped
    assert not {"PAXGUSDT", "USDCUSDT", "USDEUSDT"} & mapped
    assert universe.repairs.empty
    assert "impossible_jump" not in reasons(universe).values()


@pytest.mark.parametrize(
    ("as_of", "days"), [("2021-02-27", 365), ("2021-02-27", 500), ("2020-10-11", 365)]
)
def test_wrapped_bitcoin_and_dollars_go(shared_data: Path, as_of: str, days: int) -> None:
    universe = real(shared_data, COINS_23, as_of, days)
    found = reasons(universe)
    assert found["WBTC"] == "twin"
    assert found["USDT"] in {"pegged", "calm_and_apart"}
    assert {"BTC", "ETH", "DOGE"} <= set(universe.assets.index)
    assert universe.repairs.empty
    detail = universe.exclusions.set_index("asset_id").at["WBTC", "detail"]
    assert " with BTC over " in detail


def test_veri_of_june_2017_is_an_impossible_jump(shared_data: Path) -> None:
    universe = real(shared_data, COINS_44, "2017-07-20", 40)
    assert reasons(universe)["VERI"] == "impossible_jump"


def test_no_real_jump_of_the_coins_is_repaired_or_ruled_out(shared_data: Path) -> None:
    jumps = [
        ("XVG", "2015-03-20"),
        ("BCN", "2017-04-30"),
        ("BCD", "2018-03-10"),
        ("AE", "2017-10-01"),
    ]
    for asset_id, as_of in jumps:
        universe = real(shared_data, COINS_44, as_of, 80)
        assert reasons(universe).get(asset_id) in {None, "frozen", "short_history"}
        assert universe.repairs.empty


@pytest.mark.parametrize(
    ("as_of", "days", "expected"),
    [
        ("2012-12-31", 250, {"frozen", "impossible_jump"}),
        ("2014-12-31", 500, {"frozen", "impossible_jump", "holes"}),
        ("2017-12-29", 250, {"short_history", "holes"}),
        ("2018-07-13", 500, {"short_history", "holes"}),
        ("2018-07-13", 250, {None}),
        ("2019-02-19", 398, {None}),
    ],
)
def test_bhf_is_mapped_only_when_its_window_begins_after_its_listing(
    shared_data: Path, as_of: str, days: int, expected: set[str | None]
) -> None:
    assert reasons(real(shared_data, STOCKS, as_of, days)).get("BHF") in expected


@pytest.mark.parametrize(("as_of", "days"), [("2010-11-05", 90), ("2011-09-01", 250)])
def test_quotes_of_another_company_before_bhf_was_listed_are_not_mapped(
    shared_data: Path, as_of: str, days: int
) -> None:
    assert "BHF" not in real(shared_data, STOCKS, as_of, days).assets.index


def test_share_classes_and_gaps_of_the_stocks(shared_data: Path) -> None:
    universe = real(shared_data, STOCKS, "2019-02-19", 500)
    found = reasons(universe)
    twins = {asset_id for asset_id, reason in found.items() if reason == "twin"}
    assert twins - {"DISCA", "DISCK"} == {"GOOG", "FOX", "UA", "NWS"}
    assert len(twins) == 5
    assert "GOOGL" in universe.assets.index  # the more traded
    assert {found["JEF"], found["LIN"], found["EVRG"]} <= {"short_history", "holes"}
    assert universe.repairs.empty
    moves = np.log(universe.closes["NKTR"]).diff()
    assert moves[pd.Timestamp("2018-06-04")] == pytest.approx(-0.542, abs=1e-3)


@pytest.mark.parametrize(
    ("asset_id", "as_of"),
    [("EXPE", "2012-06-29"), ("UA", "2016-12-30"), ("WY", "2010-12-31"), ("MDLZ", "2013-01-31")],
)
def test_spin_offs_and_special_dividends_stay_as_they_are(
    shared_data: Path, asset_id: str, as_of: str
) -> None:
    universe = real(shared_data, STOCKS, as_of, 200)
    assert asset_id not in set(universe.repairs["asset_id"])
    assert reasons(universe).get(asset_id) != "impossible_jump"


def test_every_reason_has_a_line_for_readers() -> None:
    assert all(text and text == text.strip() for text in REASONS.values())
