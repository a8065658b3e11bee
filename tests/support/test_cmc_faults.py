"""Each kind of a storm's faults is really on the wire, and not the truth."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.cmc_client import HISTORY, LISTING, MARKET, MONTH, Got, ask
from tests.support.cmc_faults import Storm, StormKind
from tests.support.cmc_server import CmcServer

TARGETS = {"history": MONTH, "listing": LISTING.format(1)}
NUMBERS = ("open", "high", "low", "close", "volume", "marketCap")
SEEDS = range(30)


@pytest.fixture(scope="module")
def server() -> Iterator[CmcServer]:
    with CmcServer(MARKET) as running:
        yield running


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> str:
    return TARGETS[request.param]


@pytest.fixture
def struck(server: CmcServer) -> Iterator[Callable[..., list[Got]]]:
    """Ask under one kind of fault after another seed, and see that each time it struck."""

    def many(kind: StormKind, target: str, **options: Any) -> list[Got]:
        answers = []
        for seed in SEEDS:
            server.storm = Storm(1.0, seed, [kind], **options)
            answers.append(ask(server, target))
            assert server.storm.struck == {kind: 1}
        return answers

    yield many
    server.storm = None
    server.faults.clear()


@pytest.fixture
def truth(server: CmcServer, target: str) -> Got:
    server.storm = None
    return ask(server, target)


Struck = Callable[[StormKind, str], list[Got]]


def test_429_says_how_long_to_wait_or_does_not(struck: Struck, target: str) -> None:
    for got in struck("429_retry_after", target):
        assert (got.status, dict(got.headers)["Retry-After"]) == (429, "1")
    for got in struck("429", target):
        assert got.status == 429
        assert "Retry-After" not in dict(got.headers)


def test_5xx_are_several(struck: Struck, target: str) -> None:
    assert {got.status for got in struck("5xx", target)} == {500, 502, 503, 520}


def test_html_is_a_page_with_http_200(struck: Struck, target: str) -> None:
    for got in struck("html", target):
        assert (got.status, dict(got.headers)["Content-Type"][:9]) == (200, "text/html")
        assert b"Cloudflare" in got.body


def test_a_hanging_answer_never_comes(server: CmcServer, struck: Struck, target: str) -> None:
    server.storm = Storm(1.0, 0, ["hang"])
    assert ask(server, target, timeout=0.1).broke == "TimeoutError"
    server.storm = Storm(1.0, 0, ["hang"], hang_seconds=0.05)
    begun = time.monotonic()
    assert ask(server, target).broke == "RemoteDisconnected"
    assert time.monotonic() - begun >= 0.05


def until_reset(connection: socket.socket) -> bytes:
    read = b""
    try:
        while chunk := connection.recv(1 << 20):
            read += chunk
    except ConnectionResetError:
        return read
    pytest.fail("the connection was closed in order")


def test_a_reset_comes_before_the_answer_or_in_its_middle(
    server: CmcServer, struck: Struck
) -> None:
    broke = Counter(got.broke for got in struck("reset", MONTH))
    assert set(broke) == {"ConnectionResetError"}
    host = urlsplit(server.base_url)
    lengths = []
    for seed in SEEDS:
        server.storm = Storm(1.0, seed, ["reset"])
        with socket.create_connection((host.hostname, host.port or 0), timeout=5) as raw:
            raw.sendall(f"GET /data-api/v3/cryptocurrency/{MONTH} HTTP/1.1\r\n\r\n".encode())
            lengths.append(len(until_reset(raw)))
    assert 5 < lengths.count(0) < 25
    assert max(lengths) > 1000


def test_a_truncated_body_is_as_long_as_promised_or_shorter(
    struck: Struck, truth: Got, target: str
) -> None:
    answers = struck("truncated", target)
    assert {got.broke for got in answers} == {"", "IncompleteRead"}
    for got in answers:
        assert len(got.body) < len(truth.body)
        with pytest.raises(json.JSONDecodeError):
            json.loads(got.body)


def test_error_codes_come_with_http_200(struck: Struck, target: str) -> None:
    answers = struck("error_code", target)
    codes = {got.json["status"]["error_code"] for got in answers}
    assert codes == {"500", "400", "1001", "429"}
    for got in answers:
        assert got.status == 200
        assert ("data" in got.json) == (got.json["status"]["error_code"] == "500")


def test_a_stale_body_is_what_another_request_got(server: CmcServer, struck: Struck) -> None:
    storm = server.storm = Storm(0.0, 0, ["stale"])
    first = ask(server, HISTORY.format(2, 1769904000))
    second = ask(server, LISTING.format(3))
    storm.rate = 1.0
    assert ask(server, MONTH).body == second.body
    assert ask(server, LISTING.format(3)).body == first.body  # not what it got itself
    assert storm.struck == {"stale": 2}


def test_another_coins_days_come_with_that_coins_id(
    server: CmcServer, struck: Struck, target: str
) -> None:
    expected = {i: ask(server, HISTORY.format(i, 1769904000)).rows for i in range(1, 13)}
    for got in struck("other_coin", MONTH):
        number = got.json["data"]["id"]
        assert number != 1
        assert got.rows == expected[number]
    storm = server.storm = Storm(1.0, 0, ["other_coin", "html"])
    assert b"Cloudflare" in ask(server, LISTING.format(1)).body  # a listing has no other coin
    assert storm.struck == {"html": 1}


def differences(truth: Got, got: Got) -> list[tuple[str, Any]]:
    """Return the fields that differ between rows of the same places, and what stands there."""
    pairs = [(flat(old), flat(new)) for old, new in zip(truth.rows, got.rows, strict=True)]
    return [(k, new.get(k, "missing")) for old, new in pairs for k in old if old[k] != new.get(k)]


def flat(row: dict[str, Any]) -> dict[str, Any]:
    quote = row.get("quote") or (row.get("quotes") or [{}])[-1]
    return {**row, **quote, "quotes": "quotes" in row and row["quotes"] is not None, "quote": 0}


def test_null_stands_where_something_belongs(struck: Struck, truth: Got, target: str) -> None:
    names = set()
    for got in struck("null_fields", target):
        spoilt = differences(truth, got)
        assert spoilt
        names |= {name for name, value in spoilt if value is None or name == "quotes"}
    all_names = {"marketCap", "volume24h", "cmcRank", "symbol", "quotes", "id"}
    assert names == (set(NUMBERS) if target == MONTH else all_names)


def test_text_stands_where_numbers_belong(struck: Struck, truth: Got, target: str) -> None:
    names = set()
    for got in struck("text", target):
        spoilt = differences(truth, got)
        assert 1 <= len(spoilt) <= 3
        assert {value for _, value in spoilt} <= {"n/a", "--", "NaN", "12,5"}
        names |= {name for name, _ in spoilt}
    listed = {"marketCap", "volume24h", "cmcRank"}
    assert names == ({*NUMBERS, "timeOpen"} if target == MONTH else listed)


def test_a_zero_is_never_one_of_volume_or_market_cap_alone(
    struck: Struck, server: CmcServer
) -> None:
    server.storm = None
    truth = ask(server, MONTH)
    names = set()
    for got in struck("zero", MONTH):
        assert b":0E-30" in got.body
        spoilt = differences(truth, got)
        assert {value for _, value in spoilt} == {0.0}
        assert {name for name, _ in spoilt} & {"open", "high", "low", "close"}
        names |= {name for name, _ in spoilt}
    assert names == set(NUMBERS)


def test_a_zero_in_a_listing_is_a_market_cap(struck: Struck, server: CmcServer) -> None:
    server.storm = None
    truth = ask(server, LISTING.format(1))
    for got in struck("zero", LISTING.format(1)):
        assert set(differences(truth, got)) == {("marketCap", 0.0)}


def test_the_order_is_another_but_the_rows_are_the_same(
    struck: Struck, truth: Got, target: str
) -> None:
    for got in struck("order", target):
        assert got.rows != truth.rows
        assert sorted(map(str, got.rows)) == sorted(map(str, truth.rows))


def test_rows_that_cannot_be_in_another_order_are_struck_otherwise(
    server: CmcServer, struck: Struck
) -> None:
    one_day = HISTORY.format(1, 1767225600)
    storm = server.storm = Storm(1.0, 0, ["order"])
    assert len(ask(server, one_day).rows) == 1
    assert storm.struck == {}  # the truth was told: it is no fault
    storm = server.storm = Storm(1.0, 0, ["order", "html"])
    assert b"Cloudflare" in ask(server, one_day).body
    assert storm.struck == {"html": 1}


def test_an_empty_object_is_json_and_nothing_else(struck: Struck, target: str) -> None:
    bodies = {got.body for got in struck("empty_object", target)}
    assert bodies == {b"{}", b"[]", b"null", b'"OK"'}


def test_a_key_is_missing(struck: Struck, truth: Got, target: str) -> None:
    names = set()
    for got in struck("dropped_key", target):
        data = got.json["data"]
        if {"quotes", "cryptoCurrencyList"}.isdisjoint(data):
            names.add("all rows")
        else:
            names |= {name for name, _ in differences(truth, got)}
    prices = {"open", "high", "low", "close", "timeOpen"}
    assert names > (prices if target == MONTH else {"id", "symbol", "quotes"})
    assert "all rows" in names
