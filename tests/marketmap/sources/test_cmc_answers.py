"""Answers as they were recorded, and as they never should be."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.cmc_answers import checked, is_listed, listing_row, price_row

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_candle_that_has_not_closed_is_none() -> None:
    candle = {
        "timeOpen": "2025-12-31T00:00:00.000Z",
        "timeClose": "2025-12-31T23:59:59.999Z",
        "quote": {"open": 1, "high": 1, "low": 1, "close": 2, "volume": "3", "marketCap": 4},
    }
    row = price_row(candle, NOW)
    assert row is not None
    assert (row["date"], row["close"], row["turnover"]) == (date(2025, 12, 31), 2.0, 3.0)
    assert price_row(candle, NOW - timedelta(seconds=1)) is None


def recorded(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "cmc_samples" / name).read_text(encoding="utf-8"))


def test_recorded_listings_can_be_read(shared_data: Path) -> None:
    zero = recorded(shared_data, "listing_2021-06_full_envelope.json")
    row = listing_row(checked(zero, "cryptoCurrencyList")["data"]["cryptoCurrencyList"][0])
    assert (row["asset_id"], row["cmc_rank"], row["market_cap"]) == ("8138", 4601, 0.0)
    assert row["turnover"] == 514.07425485
    several = listing_row(recorded(shared_data, "listing_2024-12_row_multiquote.json"))
    assert several["market_cap"] == 1900981501142.1948
    page = recorded(shared_data, "homepage_aggr_2026-09-30_first_rows.json")["data"]["listing"]
    assert [is_listed(entry) for entry in page["cryptoCurrencyList"]][:2] == [False, True]


def test_recorded_histories_can_be_read(shared_data: Path) -> None:
    body = recorded(shared_data, "historical_v3.1_2023-08_full_envelope.json")
    rows = [price_row(quote, NOW) for quote in checked(body, "quotes")["data"]["quotes"]]
    assert [row["date"].day for row in rows if row] == [13, 14, 15]
    assert rows[0] is not None
    assert rows[0]["close"] == 0.0534224523
    weekly = recorded(shared_data, "historical_v3.1_2025-11_data_1w.json")
    with pytest.raises(SourceError, match="from 2025-11-17 to 2025-11-23, expected single days"):
        price_row(weekly["quotes"][0], NOW)


def test_recorded_errors_are_errors(shared_data: Path) -> None:
    refused = recorded(shared_data, "error_code400_from_test_fixture.json")
    with pytest.raises(SourceError, match='error 400: "value" must contain') as caught:
        checked(refused, "quotes")
    assert not isinstance(caught.value, SourceDownError)
    with pytest.raises(SourceDownError, match="error 500: The system is busy"):
        checked(recorded(shared_data, "error_code500_listing_past_end_2021.json"), "quotes")


@pytest.mark.parametrize(
    "body",
    [[], None, "text", {}, {"data": None}, {"data": {"quotes": None}}, {"data": []}],
    ids=json.dumps,
)
def test_a_body_of_another_shape_is_an_error(body: object) -> None:
    with pytest.raises(SourceError, match=r"^the answer (is no JSON object|has no list data\.)"):
        checked(body, "quotes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timeOpen": "yesterday"}, "a candle that cannot be read"),
        ({"timeOpen": None}, "a candle that cannot be read"),
        ({"quote": None}, "a candle that cannot be read"),
        ({"quote": {"close": "a lot"}}, "close on 2025-01-01 is 'a lot', expected a number"),
        ({"quote": {"close": "Infinity"}}, "close on 2025-01-01 is infinite"),
    ],
)
def test_a_candle_of_nonsense_is_an_error(change: dict[str, object], message: str) -> None:
    times = {"timeOpen": "2025-01-01T00:00:00.000Z", "timeClose": "2025-01-01T23:59:59.999Z"}
    with pytest.raises(SourceError, match=message):
        price_row({**times, "quote": {}, **change}, NOW)


@pytest.mark.parametrize("entry", [None, {}, {"id": None}, {"id": "x' OR 1=1"}], ids=str)
def test_a_listed_row_without_a_number_is_an_error(entry: object) -> None:
    with pytest.raises(SourceError, match="a row without a coin's number"):
        is_listed(entry)
