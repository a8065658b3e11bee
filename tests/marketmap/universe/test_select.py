import numpy as np
import pandas as pd
import pytest

from marketmap.errors import DataError, NotEnoughDataError
from marketmap.universe.gates import REASONS
from marketmap.universe.select import rank_candidates, select_universe
from tests.support.price_markets import END, listing_of, map_settings, random_market, rescale

EXCLUSION_TYPES = {
    "asset_id": "str",
    "symbol": "str",
    "name": "str",
    "rank": "int64",
    "reason": "str",
    "detail": "str",
}
REPAIR_TYPES = {
    "asset_id": "str",
    "symbol": "str",
    "name": "str",
    "date": "datetime64[us]",
    "factor": "float64",
    "reason": "str",
    "detail": "str",
}


def settings(size: int = 100, **changes: object):
    universe = {"size": size, **changes.pop("universe", {})}
    return map_settings(window_days=120, universe=universe, **changes)


def test_assets_come_in_rank_order_with_what_the_listing_says() -> None:
    market = random_market()
    listing = listing_of(market)
    universe = select_universe(listing, market, END, settings())
    assert universe.assets.index.tolist() == listing["asset_id"].tolist()
    assert universe.assets.index.name == "asset_id"
    assert universe.assets.columns.tolist() == [
        "symbol",
        "name",
        "rank",
        "market_cap",
        "turnover",
        "last_close",
    ]
    assert universe.assets["rank"].tolist() == list(range(1, 15))
    last = market[market["date"] == pd.Timestamp(END)].set_index("asset_id")["close"]
    assert universe.assets["last_close"].to_dict() == last.to_dict()
    for table in (universe.closes, universe.opens):
        assert table.columns.tolist() == listing["asset_id"].tolist()
        assert len(table) == 121


@pytest.mark.parametrize("flawed", [False, True])
def test_exclusions_and_repairs_have_their_columns_and_types_even_when_empty(flawed: bool) -> None:
    market = random_market()
    if flawed:
        market = rescale(market, "a03", pd.Timestamp("2024-11-01"), 1000.0)
        market = market[market["asset_id"] != "a05"]
    universe = select_universe(listing_of(random_market()), market, END, settings())
    assert universe.exclusions.dtypes.astype("str").to_dict() == EXCLUSION_TYPES
    assert universe.repairs.dtypes.astype("str").to_dict() == REPAIR_TYPES
    assert len(universe.exclusions) == len(universe.repairs) == int(flawed)
    assert set(universe.exclusions["reason"]) | set(universe.repairs["reason"]) <= set(REASONS)


def test_only_assets_that_were_considered_are_told_of() -> None:
    market = random_market()
    market = market[~market["asset_id"].isin(["a02", "a13"])]
    listing = listing_of(random_market()).sort_values("asset_id", ignore_index=True)
    listing = listing.assign(rank=range(1, 15), market_cap=1e9 / np.arange(1.0, 15.0))
    full = select_universe(listing, market, END, settings(10))
    assert full.assets.index.tolist() == [f"a{n:02d}" for n in (0, 1, 3, 4, 5, 6, 7, 8, 9, 10)]
    assert full.exclusions["asset_id"].tolist() == ["a02"]
    assert full.exclusions["rank"].tolist() == [3]
    short = select_universe(listing, market, END, settings(13))
    assert len(short.assets) == 12
    assert short.exclusions["asset_id"].tolist() == ["a02", "a13"]


def test_tags_and_names_of_the_configuration_rule_out() -> None:
    market = random_market()
    listing = listing_of(market)
    listing["tags"] = [["stablecoin", "x"] if a == "a04" else ["y"] for a in listing["asset_id"]]
    chosen = {"excluded_tags": ["stablecoin"], "excluded_assets": ["a01"]}
    table = select_universe(listing, market, END, settings(universe=chosen)).exclusions
    assert dict(zip(table["asset_id"], table["reason"], strict=True)) == {
        "a04": "excluded_by_tag",
        "a01": "excluded_by_config",
    }
    assert "tagged stablecoin" in table["detail"].tolist()


def listing(**columns: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"rank": [1, 2, 3], "asset_id": ["x", "y", "z"], **columns})
    return frame.assign(symbol="S", name="N")


NAN = float("nan")


@pytest.mark.parametrize(
    ("rank_by", "caps", "turnover", "order"),
    [
        ("auto", [NAN, 5.0, 9.0], [1.0, 2.0, 3.0], "zyx"),
        ("auto", [NAN, NAN, NAN], [1.0, 3.0, 2.0], "yzx"),
        ("auto", [NAN, NAN, NAN], [NAN, NAN, NAN], "xyz"),
        ("turnover", [9.0, 5.0, 1.0], [1.0, NAN, 3.0], "zxy"),
        ("market_cap", [1.0, 1.0, 2.0], [9.0, 9.0, 1.0], "zxy"),
    ],
)
def test_the_largest_come_first(
    rank_by: str, caps: list[float], turnover: list[float], order: str
) -> None:
    ranked = rank_candidates(listing(market_cap=caps, turnover=turnover), rank_by)
    assert "".join(ranked["asset_id"]) == order
    assert ranked["rank"].tolist() == [1, 2, 3]


def test_a_listing_that_cannot_be_ranked_is_refused() -> None:
    empty = [NAN, NAN, NAN]
    with pytest.raises(DataError, match="rank_by is market_cap, but no asset of the listing has"):
        rank_candidates(listing(market_cap=empty, turnover=[1.0, 2.0, 3.0]), "market_cap")
    with pytest.raises(DataError, match="the listing is empty"):
        rank_candidates(listing(market_cap=empty, turnover=empty)[:0])
    twice = listing(market_cap=empty, turnover=empty).assign(asset_id="x")
    with pytest.raises(DataError, match="names asset 'x' twice"):
        rank_candidates(twice)


def test_too_few_assets_are_an_error_that_counts_the_reasons() -> None:
    market = random_market()
    kept = market[market["asset_id"] < "a05"]
    with pytest.raises(
        NotEnoughDataError,
        match=r"5 of 14 candidates are left on 2024-12-31.*min_assets is 10 \(no_prices 9\)",
    ):
        select_universe(listing_of(market), kept, END, settings())


def test_a_map_smaller_than_the_fewest_assets_says_so() -> None:
    market = random_market()
    with pytest.raises(NotEnoughDataError, match=r"universe\.size is 5"):
        select_universe(listing_of(market), market, END, settings(5))


def test_too_few_days_are_an_error() -> None:
    market = random_market()
    short = map_settings(window_days=20)
    with pytest.raises(NotEnoughDataError, match=r"window_days is 20, but gates\.min_days is 30"):
        select_universe(listing_of(market), market, END, short)


def test_prices_after_the_day_and_before_the_window_play_no_part() -> None:
    market = random_market(n_days=200)
    as_of = pd.Timestamp("2024-12-01")
    window = market[market["date"].between(as_of - pd.Timedelta(days=120), as_of)]
    found = [
        select_universe(listing_of(window), prices, as_of.date(), settings())
        for prices in (market, window)
    ]
    for name in ("assets", "closes", "opens", "exclusions", "repairs"):
        pd.testing.assert_frame_equal(getattr(found[0], name), getattr(found[1], name))


def test_a_universe_says_whose_prices_each_assets_are() -> None:
    market = random_market()
    universe = select_universe(listing_of(market), market, END, settings())
    ids = list(universe.assets.index)
    sources = pd.Series({**dict.fromkeys(ids, "a"), ids[1]: "b", "unlisted": "c"})
    priced = universe.priced_by(sources)
    assert list(priced.assets["price_source"][:3]) == ["a", "b", "a"]
    pd.testing.assert_frame_equal(priced.assets.drop(columns="price_source"), universe.assets)


def test_candidates_that_come_after_a_full_map_are_cut_with_their_rank() -> None:
    prices = random_market()
    settings = map_settings(window_days=120, universe={"size": 10, "candidates": 14})
    universe = select_universe(listing_of(prices), prices, END, settings)
    assert len(universe.assets) == 10
    assert universe.cut["rank"].tolist() == [11, 12, 13, 14]
    everybody = {
        *universe.assets.index,
        *universe.exclusions["asset_id"],
        *universe.cut["asset_id"],
    }
    assert everybody == set(prices["asset_id"])


def test_nothing_is_cut_where_there_is_place_for_all() -> None:
    prices = random_market()
    settings = map_settings(window_days=120, universe={"size": 14})
    assert select_universe(listing_of(prices), prices, END, settings).cut.empty
