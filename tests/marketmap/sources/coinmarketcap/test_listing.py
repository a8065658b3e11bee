"""A page of the listing: as recorded, and with each thing that can be odd."""

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from marketmap.sources.answers import Label, quarantine_frame
from marketmap.sources.coinmarketcap.answers import checked
from marketmap.sources.coinmarketcap.listing import Page, read_page

PRODUCT = {"id": 99, "name": "Product", "symbol": "PRD", "quotes": []}


def coin(rank: Any, asset_id: Any = None, **changes: Any) -> dict[str, Any]:
    number = rank if asset_id is None else asset_id
    entry = {
        "id": number,
        "name": f"Coin {number}",
        "symbol": f"C{number}",
        "cmcRank": rank,
        "isActive": 1,
        "tags": ["layer-1"],
        "quotes": [{"name": "BTC", "volume24h": 1.0, "marketCap": 2.0}, usd()],
    }
    return {**entry, **changes}


def usd(**changes: Any) -> dict[str, Any]:
    return {"name": "USD", "volume24h": 50.0, "marketCap": 1000.0, **changes}


def read(entries: Sequence[Any], n_ranks: int | None = 1000, **data: Any) -> Page:
    return read_page({"cryptoCurrencyList": list(entries), **data}, n_ranks)


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if k != key}


# --- as recorded


def recorded(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "cmc_samples" / name).read_text(encoding="utf-8"))


def test_recorded_pages_are_read(shared_data: Path) -> None:
    body = recorded(shared_data, "listing_2022-03_full_envelope.json")
    page = read_page(checked(body, "cryptoCurrencyList")["data"], 100)
    assert page.doubts == []
    assert page.rows["1"] == {
        "cmc_rank": 1,
        "asset_id": "1",
        "symbol": "BTC",
        "name": "Bitcoin",
        "market_cap": 743007961425.62685015915,
        "turnover": 23301890066.89607239,
        "tags": [],  # they may be absent
        "has_quote": True,
    }
    assert (page.n_rows, page.total) == (1, 222.0)
    tagged = recorded(shared_data, "listing_2023-01_full_envelope.json")
    page = read_page(tagged["data"], 100)
    assert page.rows["1"]["tags"][:3] == ["mineable", "pow", "sha-256"]
    assert page.doubts == []


def test_a_recorded_coin_without_a_market_cap_is_doubted(shared_data: Path) -> None:
    zero = recorded(shared_data, "listing_2021-06_full_envelope.json")
    page = read_page(zero["data"], None)
    row = page.rows["8138"]
    assert (row["cmc_rank"], row["market_cap"], row["turnover"]) == (4601, 0.0, 514.07425485)
    assert page.doubts == ["coin 8138: marketCap is 0.0"]
    assert page.total == 5465.0


def test_of_several_recorded_quotes_the_one_in_dollars_counts(shared_data: Path) -> None:
    several = recorded(shared_data, "listing_2024-12_row_multiquote.json")
    page = read([several])
    assert page.rows["1"]["market_cap"] == 1900981501142.1948
    assert page.doubts == []


def test_a_recorded_product_is_passed_by(shared_data: Path) -> None:
    listing = recorded(shared_data, "homepage_aggr_2026-09-30_first_rows.json")["data"]["listing"]
    assert "cmcRank" not in listing["cryptoCurrencyList"][0]
    page = read_page(listing, 100)
    assert list(page.rows)[:2] == ["1", "825"]
    assert page.n_rows == len(page.rows) + 1


# --- coins


def test_a_whole_page_has_no_doubts() -> None:
    page = read([PRODUCT, *(coin(rank) for rank in range(1, 13))], totalCount="12")
    assert list(page.rows) == [str(rank) for rank in range(1, 13)]
    assert (page.doubts, page.quarantined) == ([], [])
    assert (page.n_rows, page.total) == (13, 12.0)
    assert page.labels[:2] == (
        Label("1", "C1", "Coin 1", "listing"),
        Label("2", "C2", "Coin 2", "listing"),
    )


def test_products_have_no_rank_and_are_passed_by() -> None:
    page = read([PRODUCT, coin(1), {}, PRODUCT, coin(2)])
    assert list(page.rows) == ["1", "2"]
    assert (page.doubts, page.quarantined) == ([], [])


@pytest.mark.parametrize(
    ("rank", "said"),
    [
        (None, "coin 2: cmcRank is null"),
        ("n/a", 'coin 2: cmcRank: "n/a" where a number belongs'),
        (0, "coin 2: cmcRank is 0"),
        (-3, "coin 2: cmcRank is -3"),
        (2.5, "coin 2: cmcRank is 2.5"),
        (True, "coin 2: cmcRank: true where a number belongs"),
        (math.inf, "coin 2: cmcRank: inf where a number belongs"),
        ([2], "coin 2: cmcRank: [2] where a number belongs"),
    ],
)
def test_a_coin_without_a_rank_is_kept_out_and_doubted(rank: Any, said: str) -> None:
    odd = coin(rank, 2)
    page = read([coin(1), odd, coin(3)])
    assert list(page.rows) == ["1", "3"]
    assert page.doubts == sorted([said, "rank 2 is missing"])
    assert page.quarantined == [
        {
            "asset_id": "",
            "reason": "unreadable",
            "detail": f"listing: {said}",
            "raw": json.dumps(odd),
        }
    ]
    assert list(quarantine_frame(page.quarantined)["date"].isna()) == [True]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (None, "NoneType where a coin belongs"),
        ([1], "list where a coin belongs"),
        ("x", "str where a coin belongs"),
        (without(coin(2), "id"), "id is null"),
        (coin(2, id=None), "id is null"),
        (coin(2, id="x' OR 1=1"), 'id is "x\' OR 1=1"'),
        (coin(2, id=-2), "id is -2"),
        (coin(2, id=2.0), "id is 2.0"),
        (coin(2, id="\u0662"), 'id is "\\u0662"'),
        (coin(2, id=""), 'id is ""'),
        (coin(2, id="\ud800"), 'id is "\\ud800"'),
        (coin(2, id=[[2]]), "id is [[2]]"),
    ],
)
def test_what_is_no_coin_is_kept_out_and_doubted(entry: Any, said: str) -> None:
    page = read([coin(1), entry, coin(3)])
    assert list(page.rows) == ["1", "3"]
    assert page.doubts == sorted([said, "rank 2 is missing"])
    (row,) = page.quarantined
    assert (row["detail"], row["raw"]) == (f"listing: {said}", json.dumps(entry))


def test_a_number_may_be_written_as_text() -> None:
    quotes = [usd(marketCap="2.1E+7", volume24h="3")]
    page = read([coin("1", "17", quotes=quotes)], totalCount=" 5")
    row = page.rows["17"]
    assert (row["cmc_rank"], row["market_cap"], row["turnover"]) == (1, 2.1e7, 3.0)
    assert page.doubts == ['totalCount: " 5" where a number belongs']
    assert math.isnan(page.total)


@pytest.mark.parametrize("inactive", [0, "0"])
def test_an_inactive_coin_is_passed_by_but_holds_its_rank(inactive: object) -> None:
    page = read([coin(1), coin(2, isActive=inactive), coin(3, isActive=None)])
    assert list(page.rows) == ["1", "3"]
    assert page.doubts == []
    # its rank is there all the same
    assert read([coin(1), coin(2, isActive=inactive), coin(3)]).doubts == []


def test_a_coin_that_is_listed_twice_is_doubted_and_taken_once() -> None:
    page = read([coin(1), coin(2), coin(3, 1, symbol="OTHER")])
    assert [row["symbol"] for row in page.rows.values()] == ["C1", "C2"]
    assert page.doubts == ["coin 1 is listed twice"]


# --- ranks


def test_missing_ranks_are_named() -> None:
    page = read([coin(rank) for rank in (2, 3, 7, 9)])
    assert page.doubts == ["rank 1, 4 to 6, 8 is missing"]
    page = read([coin(rank) for rank in range(2, 20, 2)])
    assert page.doubts == ["rank 1, 3, 5, 7, 9 and more is missing"]


def test_only_ranks_that_are_wanted_are_missed() -> None:
    ranks = (1, 2, 3, 5, 9)
    assert read([coin(rank) for rank in ranks], 3).doubts == []
    assert read([coin(rank) for rank in ranks], 4).doubts == ["rank 4 is missing"]
    assert read([coin(rank) for rank in ranks], 8).doubts == ["rank 4, 6 to 8 is missing"]
    assert read([coin(rank) for rank in (5, 900)], None).doubts == []


def test_the_order_of_the_rows_says_nothing() -> None:
    entries = [coin(rank) for rank in (3, 1, 2)]
    assert read(entries).doubts == []
    odd = [coin(4, symbol=None), coin(1), coin(2, name=None)]
    assert read(odd).doubts == read(odd[::-1]).doubts


@pytest.mark.parametrize("rank", [10**15, 10**300, "1e300", 1.7e308])
def test_a_huge_rank_is_one_short_doubt_at_once(rank: Any) -> None:
    begun = time.monotonic()
    page = read([coin(1), coin(rank, 2)])
    assert time.monotonic() - begun < 1
    (doubt,) = page.doubts
    assert doubt.startswith("rank 2 to ")
    assert doubt.endswith(" is missing")
    assert page.rows["2"]["cmc_rank"] == int(float(rank))


# --- labels and sizes


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("  A\tB\n", "A B"),
        ("A\x00\x1b[31mB", "A[31mB"),
        ("A\ud800B", "A?B"),
        ("x" * 5000, "x" * 100),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("\u200bA\u202eB", "AB"),
    ],
)
def test_labels_are_cleaned(told: str, kept: str) -> None:
    page = read([coin(1, symbol=told, name=told, tags=[told, 5])])
    row = page.rows["1"]
    assert (row["symbol"], row["name"], row["tags"]) == (kept, kept, [kept, "5"])
    assert page.labels == (Label("1", kept, kept, "listing"),)
    assert page.doubts == []


@pytest.mark.parametrize("told", [None, "", " \n", "\x00", 5, ["A"], True])
@pytest.mark.parametrize("key", ["symbol", "name"])
def test_a_label_that_is_none_is_doubted(key: str, told: Any) -> None:
    page = read([coin(1, **{key: told})])
    assert page.rows["1"][key] is None
    assert page.doubts == [f"coin 1: {key} is {json.dumps(told)}"]
    expected = () if key == "symbol" else (Label("1", "C1", "C1", "listing"),)
    assert page.labels == expected


@pytest.mark.parametrize("tags", [None, "layer-1", 5, {"a": 1}])
def test_tags_that_are_none_are_no_tags(tags: Any) -> None:
    assert read([coin(1, tags=tags)]).rows["1"]["tags"] == []
    assert read([without(coin(1), "tags")]).rows["1"]["tags"] == []


@pytest.mark.parametrize("quotes", [None, [], "USD", [None], [{"name": "BTC"}], {"name": "USD"}])
def test_a_coin_without_a_quote_in_dollars_is_doubted(quotes: Any) -> None:
    page = read([coin(1, quotes=quotes)])
    row = page.rows["1"]
    assert not row["has_quote"]
    assert math.isnan(row["market_cap"])
    assert math.isnan(row["turnover"])
    assert page.doubts == ["coin 1: no quote in USD"]


@pytest.mark.parametrize(
    ("told", "said", "kept"),
    [
        (None, "null", math.nan),
        (0, "0", 0.0),
        ("0E-30", '"0E-30"', 0.0),
        (-5.0, "-5.0", math.nan),
        ("n/a", '"n/a"', math.nan),
        (math.inf, "Infinity", math.nan),
        ([1], "[1]", math.nan),
    ],
)
@pytest.mark.parametrize("key", ["marketCap", "volume24h"])
def test_a_size_of_nothing_is_doubted(key: str, told: Any, said: str, kept: float) -> None:
    page = read([coin(1, quotes=[usd(**{key: told})])])
    value = page.rows["1"]["market_cap" if key == "marketCap" else "turnover"]
    assert value == kept or (math.isnan(value) and math.isnan(kept))
    assert page.doubts == [f"coin 1: {key} is {said}"]


def test_in_the_order_of_turnover_no_rank_is_missed_and_the_order_is_kept() -> None:
    page = read([coin(rank) for rank in (40, 2, 700)], None)
    assert list(page.rows) == ["40", "2", "700"]
    assert [row["cmc_rank"] for row in page.rows.values()] == [40, 2, 700]
    assert page.doubts == []


# --- how many pages


def test_the_last_page_is_known_by_the_total_or_by_its_length() -> None:
    page = read([coin(1), coin(2)], totalCount="2")
    assert not page.is_last(2, 10)
    assert page.is_last(3, 10)
    untold = read([coin(1), coin(2)])
    assert untold.is_last(3, 3)
    assert not untold.is_last(3, 2)
    assert read([]).is_last(1, 1)
