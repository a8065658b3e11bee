"""The stand-in CoinMarketCap tells its table's truth, over connections that are kept."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd
import pytest

from tests.support.cmc_market import many_coins
from tests.support.cmc_server import CmcServer, Fault
from tests.support.command import heed_ctrl_c

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
MARKET = many_coins(12, FIRST, LAST)


@pytest.fixture
def server() -> Iterator[CmcServer]:
    with CmcServer(MARKET) as running:
        yield running


def connect(server: CmcServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=5)


def get(connection: http.client.HTTPConnection, path: str, **query: object) -> Any:
    connection.request("GET", f"/data-api/v3/cryptocurrency/{path}?{urlencode(query)}")
    return json.loads(connection.getresponse().read())


def history(server: CmcServer, asset_id: str, first: date = FIRST, last: date = LAST) -> Any:
    start, end = (
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        for day in (first - timedelta(days=1), last)
    )
    connection = connect(server)
    query = {"id": asset_id, "convertId": 2781, "timeStart": start, "timeEnd": end}
    body = get(connection, "historical", **query)
    connection.close()
    return body


def listing(server: CmcServer, **query: object) -> list[dict[str, Any]]:
    connection = connect(server)
    body = get(connection, "listing", **{"start": 1, "limit": 100, **query})
    connection.close()
    rows: list[dict[str, Any]] = body["data"]["cryptoCurrencyList"]
    return [row for row in rows if "cmcRank" in row]


def days_of(body: Any) -> list[str]:
    return [row["timeOpen"][:10] for row in body["data"]["quotes"]]


def test_every_number_is_the_tables(server: CmcServer) -> None:
    names = {"open", "high", "low", "close", "volume", "market_cap"}
    for number, (name, rows) in enumerate(MARKET.groupby("name"), 1):
        body = history(server, str(number))
        assert body["data"]["name"] == name
        quotes = pd.DataFrame([row["quote"] for row in body["data"]["quotes"]])
        got = quotes.rename(columns={"marketCap": "market_cap"})[sorted(names)]
        expected = rows[sorted(names)].reset_index(drop=True)
        pd.testing.assert_frame_equal(got, expected, check_exact=True)
        assert days_of(body) == [str(day.date()) for day in rows["date"]]


def test_a_zero_is_written_as_the_service_does(server: CmcServer) -> None:
    coin = next(coin for coin in server.coins.values() if coin.name == "Coin 007")
    assert '"marketCap":0E-30,' in coin.candles[0]
    assert "0E-30" not in coin.candles[-1]


def test_the_listing_is_in_the_order_that_is_asked_for(server: CmcServer) -> None:
    for sort_by, key in (("market_cap", "marketCap"), ("volume_24h", "volume24h")):
        rows = listing(server, sortBy=sort_by)
        values = [row["quotes"][1][key] for row in rows]
        assert values == sorted(values, reverse=True)
        assert sorted(row["cmcRank"] for row in rows) == list(range(1, 13))
    assert {row["name"] for row in rows if not row["isActive"]} == {"Coin 003", "Coin 011"}


def test_every_answer_has_its_own_moment_and_it_is_now(server: CmcServer) -> None:
    connection = connect(server)
    begun = datetime.now(UTC)
    query = {"id": 1, "convertId": 2781, "timeStart": 0, "timeEnd": 0}
    told = [get(connection, "historical", **query)["status"]["timestamp"] for _ in range(50)]
    connection.close()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one) for one in told)
    moments = [datetime.fromisoformat(one) for one in told]
    assert all(early < late for early, late in pairwise(moments))
    assert abs((moments[0] - begun).total_seconds()) < 2


def test_a_connection_is_kept_until_the_server_stops() -> None:
    with CmcServer(MARKET) as server:
        connection = connect(server)
        get(connection, "listing", start=1, limit=5)
        used = connection.sock
        server.faults.append(Fault("500"))
        connection.request("GET", "/data-api/v3/cryptocurrency/listing?start=1&limit=5")
        assert connection.getresponse().read().startswith(b"<!DOCTYPE html>")
        get(connection, "listing", start=1, limit=5)
        assert connection.sock is used is not None
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    assert used.recv(1) == b""
    connection.close()


def test_a_hanging_answer_does_not_hold_the_server_up() -> None:
    with CmcServer(MARKET) as server:
        server.faults.append(Fault("hang"))
        connection = connect(server)
        connection.request("GET", "/data-api/v3/cryptocurrency/listing?start=1&limit=5")
        while not server.requests:
            time.sleep(0.001)
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("historical", {"id": "BTC", "convertId": 2781, "timeStart": 0, "timeEnd": 0}),
        ("historical", {"id": 1, "convertId": 2781, "timeStart": 10**15, "timeEnd": 0}),
        ("historical", {"id": 99, "convertId": 2781, "timeStart": 0, "timeEnd": 0}),
        ("historical", {"id": 1, "convertId": 2781}),
        ("listing", {}),
        ("nothing", {}),
    ],
)
def test_what_cannot_be_answered_is_error_400(
    server: CmcServer, path: str, query: dict[str, object]
) -> None:
    connection = connect(server)
    body = get(connection, path, **query)
    connection.close()
    assert body["status"]["error_code"] == "400"
    assert "data" not in body


# --- what happens to coins


def test_a_renamed_coin_has_its_new_name_everywhere(server: CmcServer) -> None:
    server.rename("1", "NEW", "New Name")
    data = history(server, "1")["data"]
    assert (data["symbol"], data["name"]) == ("NEW", "New Name")
    (row,) = [row for row in listing(server) if row["id"] == 1]
    assert (row["symbol"], row["name"], row["slug"]) == ("NEW", "New Name", "new-name")


def test_a_revised_day_is_the_only_one_that_changes(server: CmcServer) -> None:
    before = history(server, "2")["data"]["quotes"]
    server.revise("2", date(2026, 3, 1), close=123.25)
    after = history(server, "2")["data"]["quotes"]
    changed = [new for new, old in zip(after, before, strict=True) if new != old]
    assert [row["timeOpen"][:10] for row in changed] == ["2026-03-01"]
    assert changed[0]["quote"]["close"] == 123.25


def test_an_ended_coin_keeps_its_past_and_is_not_listed(server: CmcServer) -> None:
    server.end("2", date(2026, 3, 1))
    assert days_of(history(server, "2"))[-1] == "2026-03-01"
    later = history(server, "2", date(2026, 3, 2))
    assert later["status"]["error_code"] == "0"
    assert later["data"]["quotes"] == []
    assert 2 not in [row["id"] for row in listing(server)]
    assert len(listing(server)) == 11


def test_a_removed_coin_is_an_error(server: CmcServer) -> None:
    server.remove("2")
    assert history(server, "2")["status"]["error_code"] == "400"
    assert 2 not in [row["id"] for row in listing(server)]


def test_a_day_that_has_not_come_is_not_told_until_it_comes() -> None:
    with CmcServer(MARKET, today=date(2026, 6, 28)) as server:
        assert days_of(history(server, "1"))[-1] == "2026-06-28"
        assert listing(server)[0]["lastUpdated"].startswith("2026-06-28")
        server.today = date(2026, 6, 29)
        assert days_of(history(server, "1"))[-1] == "2026-06-29"
        assert listing(server)[0]["lastUpdated"].startswith("2026-06-29")


def test_a_coin_is_not_known_before_its_first_day() -> None:
    young = MARKET[(MARKET["name"] != "Coin 000") | (MARKET["date"] > "2026-03-01")]
    with CmcServer(young, today=date(2026, 3, 1)) as server:
        assert history(server, "1")["status"]["error_code"] == "400"
        assert 1 not in [row["id"] for row in listing(server)]
        server.today = date(2026, 3, 2)
        assert days_of(history(server, "1")) == ["2026-03-02"]
        assert 1 in [row["id"] for row in listing(server)]


# --- by hand


def test_a_person_can_start_it() -> None:
    options = ["--simulated", "3", "--storm", "1", "--seed", "4", "--port", "0"]
    command = [sys.executable, "-m", "tests.support.cmc_server", *options]
    piped = subprocess.PIPE
    with subprocess.Popen(command, stdout=piped, text=True, preexec_fn=heed_ctrl_c) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "stopped 0 requests, {}\n"
    assert re.match(r"3 coins up to \d{4}-\d\d-\d\d, base_url: http://127\.0\.0\.1:\d+/data", said)
