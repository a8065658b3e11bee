"""An exchange over real HTTP, through ccxt, against a server that knows the truth."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import ccxt
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from marketmap.errors import ConfigError, SourceDownError, SourceError
from marketmap.frames import LISTING_COLUMNS, PRICE_COLUMNS
from marketmap.settings import ExchangeSettings, FetchSettings
from marketmap.sources.answers import QUARANTINE_COLUMNS, REASONS, Answer, Label, Window
from marketmap.sources.base import RemoteSource
from marketmap.sources.exchange.answers import DAY_MS, milliseconds, read_candles
from marketmap.sources.exchange.client import LONGEST_ANSWER, Client
from marketmap.sources.exchange.source import MOST_REQUESTS, Exchange
from tests.support.exchange_server import ExchangeServer, Fault, FaultKind

FAST = FetchSettings(
    requests_per_minute=600_000, timeout_seconds=5, backoff_seconds=0.01, attempts=4
)
LAST = date(2024, 3, 10)
ONE_DAY = timedelta(days=1)


def market(
    name: str, n_days: int, volume: float = 1.0, last: date = LAST, seed: int = 0
) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    close = np.exp(draw.normal(0, 0.03, n_days).cumsum()) * 100
    return pd.DataFrame(
        {
            "date": pd.date_range(end=last, periods=n_days),
            "market": name,
            "open": close * 0.99,
            "high": close * 1.02,
            "low": close * 0.97,
            "close": close,
            "volume": volume,
        }
    )


MARKETS = pd.concat(
    [
        market("BTC/USDT", 1500, 500.0, seed=1),
        market("ETH/USDT", 40, 300.0, seed=2),
        market("JUP/USDT", 40, 200.0, seed=3),
        market("J/USDT", 40, 100.0, seed=3),
        market("OLD/USDT", 60, 9000.0, last=date(2024, 2, 1), seed=4),
        market("BTC3L/USDT", 40, 8000.0, seed=5),
        market("ETHDOWN/USDT", 40, 7000.0, seed=6),
        market("BTC/EUR", 40, 6000.0, seed=7),
    ]
)


@pytest.fixture
def serve() -> Iterator[Callable[..., ExchangeServer]]:
    with ExitStack() as stack:

        def start(prices: pd.DataFrame = MARKETS, **options: Any) -> ExchangeServer:
            return stack.enter_context(ExchangeServer(prices, **options))

        yield start


def source_of(server: ExchangeServer, fetch: FetchSettings = FAST) -> Exchange:
    settings = ExchangeSettings(kind="ccxt", exchange="binance", base_url=server.base_url)
    return Exchange(settings, fetch)


def ask(source: Exchange, asset_id: str, first: date, last: date) -> Answer:
    return source.ask_prices(Window(asset_id, first, last))


def truth(asset_id: str, start: date, end: date = LAST) -> pd.DataFrame:
    rows = MARKETS[(MARKETS["market"] == asset_id) & MARKETS["date"].dt.date.between(start, end)]
    rows = rows.rename(columns={"market": "asset_id"}).assign(market_cap=math.nan)
    rows["turnover"] = rows["close"] * rows["volume"]
    rows = rows.astype({"asset_id": "str", "date": "datetime64[us]"})
    return rows[list(PRICE_COLUMNS)].reset_index(drop=True)


def test_a_listing_holds_what_is_traded_against_the_quote_by_turnover(
    serve: Callable[..., ExchangeServer],
) -> None:
    source: RemoteSource = source_of(serve(halted={"OLD/USDT"}))
    listing = source.listing(LAST, 10)
    assert tuple(listing.columns) == LISTING_COLUMNS
    last = MARKETS[MARKETS["date"] == pd.Timestamp(LAST)].set_index("market")
    turnover = last["close"] * last["volume"]
    listed = ["BTC/USDT", "ETH/USDT", "J/USDT", "JUP/USDT"]
    listed.sort(key=lambda name: -turnover[name])
    assert listing["asset_id"].tolist() == listed
    assert listing["turnover"].tolist() == [turnover[name] for name in listed]
    assert listing["symbol"].tolist() == [name.removesuffix("/USDT") for name in listed]
    assert listing["name"].tolist() == listing["symbol"].tolist()
    assert listing["market_cap"].isna().all()
    assert source.listing(LAST, 2)["asset_id"].tolist() == listed[:2]


def test_market_caps_and_past_listings_are_not_known(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    source = source_of(server)
    assert not source.has_past_listings
    with pytest.raises(SourceError, match=r"^listing: binance knows no market caps"):
        source.listing(LAST, 2, "market_cap")
    assert server.requests == []


def test_markets_are_told_traded_or_not(serve: Callable[..., ExchangeServer]) -> None:
    markets = source_of(serve(halted={"OLD/USDT"})).markets()
    assert markets.to_dict("list") == {
        "asset_id": [
            "BTC/USDT",
            "BTC3L/USDT",
            "ETH/USDT",
            "ETHDOWN/USDT",
            "J/USDT",
            "JUP/USDT",
            "OLD/USDT",
        ],
        "symbol": ["BTC", "BTC3L", "ETH", "ETHDOWN", "J", "JUP", "OLD"],
    }


def test_a_long_history_is_complete_and_equal_to_the_truth(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    prices = source_of(server).prices("BTC/USDT", date(2020, 2, 20), LAST)
    pd.testing.assert_frame_equal(prices, truth("BTC/USDT", date(2020, 2, 20)))
    assert len(prices) == 1481
    # 1481 days in windows of 494, three more on either side; markets are asked for once.
    assert len(server.asked("klines")) == 3
    assert len(server.asked("exchangeInfo")) == 1
    assert all("marketmap/" in request.user_agent for request in server.requests)


def test_windows_hold_each_day_once_the_newest_first(serve: Callable[..., ExchangeServer]) -> None:
    source = source_of(serve())
    windows = source.windows("BTC/USDT", date(2020, 1, 1), LAST)
    days = [
        window.first + n * ONE_DAY
        for window in windows[::-1]
        for n in range((window.last - window.first).days + 1)
    ]
    assert days == [date(2020, 1, 1) + n * ONE_DAY for n in range(1531)]
    assert windows[0] == Window("BTC/USDT", LAST - 493 * ONE_DAY, LAST)
    assert source.windows("BTC/USDT", LAST, LAST) == [Window("BTC/USDT", LAST, LAST)]
    assert source.windows("BTC/USDT", LAST, LAST - ONE_DAY) == []


@pytest.mark.parametrize("keeps", ["oldest", "newest"])
@pytest.mark.parametrize("max_rows", [365, 120, 100])
def test_answers_that_are_cut_short_are_asked_for_on(
    serve: Callable[..., ExchangeServer], keeps: str, max_rows: int
) -> None:
    server = serve(max_rows=max_rows, keeps=keeps)
    prices = source_of(server).prices("BTC/USDT", date(2021, 1, 1), LAST)
    pd.testing.assert_frame_equal(prices, truth("BTC/USDT", date(2021, 1, 1)))
    assert len(server.asked("klines")) <= 3 * (500 // max_rows + 2)


def test_where_nothing_was_traded_yet_or_any_more_is_asked_for_once_more(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    source = source_of(server)
    prices = source.prices("OLD/USDT", date(2023, 11, 1), LAST)
    pd.testing.assert_frame_equal(prices, truth("OLD/USDT", date(2023, 11, 1)))
    assert len(prices) == 60
    assert len(server.asked("klines")) == 3
    answer = ask(source, "OLD/USDT", date(2022, 1, 1), date(2022, 3, 1))
    assert answer.error is None
    assert answer.unwrap().empty
    assert len(server.asked("klines")) == 4


def test_an_exchange_that_gives_a_day_an_answer_is_not_asked_without_end(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve(max_rows=1)
    answer = ask(source_of(server), "BTC/USDT", date(2024, 1, 1), LAST)
    assert str(answer.error) == (
        "coin BTC/USDT, 2024-01-01 to 2024-03-10: binance gives too few days in an answer"
    )
    assert len(server.asked("klines")) == MOST_REQUESTS
    assert [body.accepted for body in answer.archived] == [False] * MOST_REQUESTS


def test_the_running_day_is_never_given(serve: Callable[..., ExchangeServer]) -> None:
    today = datetime.now(UTC).date()
    source = source_of(serve(market("BTC/USDT", 10, last=today)))
    yesterday = source.last_day(datetime.now(UTC))
    assert yesterday == today - ONE_DAY
    prices = source.prices("BTC/USDT", today - 5 * ONE_DAY, today + 5 * ONE_DAY)
    assert prices["date"].dt.date.tolist() == [today - n * ONE_DAY for n in (5, 4, 3, 2, 1)]
    assert ask(source, "BTC/USDT", today, today).unwrap().empty
    # An exchange that leaves out days without trading fills the answer up with later ones.
    gappy = market("BTC/USDT", 10, last=today)
    source = source_of(serve(gappy[gappy["date"] != pd.Timestamp(yesterday)]))
    prices = source.prices("BTC/USDT", today - 2 * ONE_DAY, today)
    assert prices["date"].dt.date.tolist() == [today - 2 * ONE_DAY]


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("429", "binance cannot be asked: DDoSProtection: binance 429 Too Many Requests"),
        ("500", "Not now"),
        ("html", "something else than JSON: <html>Just a moment...</html>"),
        ("cut", "something else than JSON: [["),
        ("hang", "binance did not answer within 0.2 s"),
    ],
)
def test_what_passes_is_asked_for_again(
    serve: Callable[..., ExchangeServer], kind: FaultKind, detail: str
) -> None:
    server = serve()
    server.faults = [Fault(kind, "klines", times=2)]
    source = source_of(server, FAST.model_copy(update={"timeout_seconds": 0.2}))
    answer = ask(source, "ETH/USDT", date(2024, 3, 1), LAST)
    pd.testing.assert_frame_equal(answer.unwrap(), truth("ETH/USDT", date(2024, 3, 1)))
    outcomes = [attempt.outcome for attempt in answer.attempts]
    # The first request was for the markets.
    assert outcomes == ["accepted", "unavailable", "unavailable", "accepted"]
    assert detail in answer.attempts[1].detail
    assert len(answer.archived) == 1


def test_an_exchange_that_stays_down_is_given_up_in_one_line(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    server.faults = [Fault("429", times=100)]
    source = source_of(server)
    answer = ask(source, "ETH/USDT", date(2024, 3, 1), LAST)
    assert isinstance(answer.error, SourceDownError)
    assert answer.error.is_busy
    assert str(answer.error).startswith("coin ETH/USDT, 2024-03-01 to 2024-03-10: binance cannot")
    assert "\n" not in str(answer.error)
    assert [attempt.outcome for attempt in answer.attempts] == ["unavailable"] * 4
    assert len(server.requests) == 4
    with pytest.raises(SourceDownError, match=r"^listing: binance cannot be asked"):
        source.listing(LAST, 3)


def test_an_address_where_nobody_listens_is_down() -> None:
    with ExchangeServer(MARKETS) as server:
        source = source_of(server)
    with pytest.raises(SourceDownError, match=r"NetworkError: .* refused"):
        source.prices("ETH/USDT", LAST, LAST)


def test_after_too_many_failures_in_a_row_nothing_is_asked(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    server.faults = [Fault("500", times=100)]
    source = source_of(server, FAST.model_copy(update={"give_up_after": 2}))
    answer = ask(source, "ETH/USDT", LAST, LAST)
    assert "2 requests in a row failed" in str(answer.error)
    assert source.has_given_up
    assert len(server.requests) == 2


def test_retry_after_is_heeded(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    server.faults = [Fault("429", "klines", retry_after="1")]
    ask(source_of(server), "ETH/USDT", date(2024, 3, 1), LAST).unwrap()
    first, again = (request.at for request in server.requests if "klines" in request.path)
    assert 1.0 <= again - first < 3.0


def test_retry_after_may_be_a_date(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    soon = datetime.now(UTC) + timedelta(seconds=3)
    server.faults = [Fault("429", "klines", retry_after=format_datetime(soon, usegmt=True))]
    ask(source_of(server), "ETH/USDT", date(2024, 3, 1), LAST).unwrap()
    first, again = (request.at for request in server.requests if "klines" in request.path)
    assert 1.0 <= again - first < 5.0


def test_a_refusal_is_taken_at_once(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    server.faults = [Fault("403", "klines", times=100)]
    answer = ask(source_of(server), "ETH/USDT", date(2024, 3, 1), LAST)
    assert isinstance(answer.error, SourceError)
    assert not isinstance(answer.error, SourceDownError)
    assert [attempt.outcome for attempt in answer.attempts] == ["accepted", "rejected"]
    assert len(server.asked("klines")) == 1


def test_candles_of_another_shape_are_refused_not_taken_for_none(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    server.faults = [Fault("unknown_shape", "klines")]
    answer = ask(source_of(server), "ETH/USDT", date(2024, 3, 1), LAST)
    assert answer.rows is None
    assert "null where a time belongs" in str(answer.error)
    assert answer.attempts[-1].outcome == "rejected"
    assert [body.accepted for body in answer.archived] == [False]
    assert answer.quarantined["reason"].tolist() == ["not_the_answer"]
    assert answer.quarantined["raw"].tolist() == [answer.archived[0].text]


def test_days_that_begin_at_another_hour_are_refused(
    serve: Callable[..., ExchangeServer],
) -> None:
    answer = ask(source_of(serve(shift_hours=-8)), "ETH/USDT", date(2024, 3, 1), LAST)
    assert "begins at 2024-02-27 16:00:00, expected midnight UTC" in str(answer.error)


@pytest.mark.parametrize("kind", ["429", "500"])
def test_stopping_ends_a_wait_at_once(
    serve: Callable[..., ExchangeServer], kind: FaultKind
) -> None:
    server = serve()
    server.faults = [Fault(kind, times=100)]
    source = source_of(server, FAST.model_copy(update={"backoff_seconds": 60.0}))
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, source, "ETH/USDT", LAST, LAST)
        while not server.requests:
            time.sleep(0.01)
        time.sleep(0.2)
        source.stop()
        assert "asking was stopped" in str(asked.result(timeout=5).error)
    assert source.has_given_up


SOUND = ["1", "2", "0.5", "1.5", "7"]


@pytest.mark.parametrize(
    ("candle", "reason", "detail"),
    [
        ([None, "2", "0.5", "1.5", "7"], "no_price", "open is null"),
        (["1", "2", "0.5", None, "7"], "no_price", "close is null"),
        (["1", "2", "0", "1.5", "7"], "not_positive", "low is 0"),
        (["1", "2", "0.5", "-1.5", "7"], "not_positive", "close is -1.5"),
        (["1", "2", "0.5", "1.5", "-7"], "not_positive", "volume is -7"),
        (["3", "2", "0.5", "1.5", "7"], "broken_bar", "open 3 is not within 0.5 to 2"),
        (["1", "2", "1.4", "1.5", "7"], "broken_bar", "open 1 is not within 1.4 to 2"),
        (["1", "inf", "0.5", "1.5", "7"], "unreadable", "high: inf where a number belongs"),
        (["1", "2", "0.5", "1.5", "1.7e308"], "unreadable", "volume: 1.7e+308 is too much at 1.5"),
        (["1", "900", "0.5", "1.5", "7"], "wick", "900 is far from open 1"),
    ],
)
def test_a_row_that_is_not_fit_is_kept_apart_with_its_reason(
    serve: Callable[..., ExchangeServer], candle: list[Any], reason: str, detail: str
) -> None:
    server = serve()
    day = date(2024, 3, 5)
    server.spoilt["ETH/USDT", day] = candle
    answer = ask(source_of(server), "ETH/USDT", date(2024, 3, 1), LAST)
    there = truth("ETH/USDT", date(2024, 3, 1))
    expected = there[there["date"] != pd.Timestamp(day)].reset_index(drop=True)
    pd.testing.assert_frame_equal(answer.unwrap(), expected)
    (row,) = answer.quarantined.to_dict("records")
    assert tuple(row) == QUARANTINE_COLUMNS
    assert (row["asset_id"], row["date"], row["reason"]) == ("ETH/USDT", pd.Timestamp(day), reason)
    assert row["detail"] == detail
    assert json.loads(row["raw"])[0] == milliseconds(day)


def test_a_misprint_between_two_sound_days_is_kept_apart(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    server.spoilt["ETH/USDT", date(2024, 3, 1)] = SOUND  # a hundredth of what it is around
    answer = ask(source_of(server), "ETH/USDT", date(2024, 3, 1), date(2024, 3, 1))
    assert answer.unwrap().empty
    assert answer.quarantined["reason"].tolist() == ["spike"]
    assert answer.quarantined["close"].tolist() == [1.5]


def test_an_unknown_volume_is_no_reason_to_lose_a_price(
    serve: Callable[..., ExchangeServer],
) -> None:
    server = serve()
    server.spoilt["ETH/USDT", LAST] = ["100", "101", "99", "100.5", None]
    rows = ask(source_of(server), "ETH/USDT", LAST, LAST).unwrap()
    assert rows["close"].tolist() == [100.5]
    assert rows[["volume", "turnover"]].isna().all(axis=None)


def test_an_archived_body_gives_the_same_rows_again(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    server.spoilt["ETH/USDT", date(2024, 3, 5)] = ["1", "2", "0", "1.5", "7"]
    source = source_of(server)
    answer = ask(source, "ETH/USDT", date(2024, 3, 1), date(2024, 3, 7))
    (body,) = answer.archived
    since = milliseconds(date(2024, 2, 27))
    assert body.request == {
        "exchange": "binance",
        "symbol": "ETH/USDT",
        "timeframe": "1d",
        "since": str(since),
        "limit": "13",
    }
    assert json.loads(body.text)[0][0] == since
    n_requests = len(server.requests)
    again = source.read_again(body)
    pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
    pd.testing.assert_frame_equal(again.quarantined, answer.quarantined)
    assert again.labels == answer.labels == (Label("ETH/USDT", "ETH", "ETH", "history"),)
    assert len(server.requests) == n_requests


def test_an_archived_listing_gives_the_same_rows_again(
    serve: Callable[..., ExchangeServer],
) -> None:
    source = source_of(serve())
    answer = source.ask_listing(LAST, 2)
    again = source.read_again(answer.archived[0])
    pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
    assert again.labels == answer.labels
    assert [label.symbol for label in answer.labels] == answer.unwrap()["symbol"].tolist()
    assert "no market caps" in str(source.read_again(answer.archived[0], "market_cap").error)


def test_a_damaged_body_of_the_archive_is_told_not_raised(
    serve: Callable[..., ExchangeServer],
) -> None:
    source = source_of(serve())
    for answer in (source.ask_listing(LAST, 2), ask(source, "ETH/USDT", LAST, LAST)):
        for text in ("", "{}", "7", "[7]", "null"):
            again = source.read_again(replace(answer.archived[0], text=text))
            assert again.rows is None
            assert isinstance(again.error, SourceError)
            assert again.quarantined["raw"].tolist() == [text]


def test_threads_may_share_a_source(serve: Callable[..., ExchangeServer]) -> None:
    server = serve()
    source = source_of(server)
    names = ["BTC/USDT", "ETH/USDT", "J/USDT", "JUP/USDT"] * 3
    with ThreadPoolExecutor(len(names)) as pool:
        told = list(pool.map(lambda name: source.prices(name, date(2024, 2, 10), LAST), names))
    for name, prices in zip(names, told, strict=True):
        pd.testing.assert_frame_equal(prices, truth(name, date(2024, 2, 10)))
    assert server.most_at_once == 1


@pytest.mark.parametrize("asset_id", ["NO/USDT", "BTC/EUR", "BTCUSDT", ""])
def test_an_unknown_market_is_named(serve: Callable[..., ExchangeServer], asset_id: str) -> None:
    server = serve()
    with pytest.raises(SourceError, match="has no such spot market in USDT"):
        source_of(server).prices(asset_id, LAST, LAST)
    assert len(server.asked("klines")) == 0


def test_an_unknown_exchange_is_told_with_those_that_sound_alike() -> None:
    with pytest.raises(ConfigError) as caught:
        Exchange(ExchangeSettings(kind="ccxt", exchange="binanze"), FAST)
    assert str(caught.value).startswith("source ccxt: unknown exchange 'binanze'; did you mean bin")


@pytest.mark.parametrize("exchange", ["binanceusdm", "coinmate"])
def test_an_exchange_without_daily_candles_of_spot_markets_is_refused(exchange: str) -> None:
    with pytest.raises(ConfigError, match=f"{exchange} gives no daily candles of spot markets"):
        Exchange(ExchangeSettings(kind="ccxt", exchange=exchange), FAST)


def test_every_exchange_of_ccxt_opens_or_is_refused_and_moves_as_a_whole() -> None:
    n_opened = 0
    for name in ccxt.exchanges:
        settings = ExchangeSettings(kind="ccxt", exchange=name, base_url="http://127.0.0.1:1/x")
        try:
            client = Client(settings, FAST)
        except ConfigError:
            continue
        n_opened += 1
        api = client._api
        limit = api.features and api.feature_value_by_type("spot", None, "fetchOHLCV", "limit")
        assert 200 <= client.candles_per_answer <= min(limit or 200, LONGEST_ANSWER)
        urls = json.dumps(api.urls["api"])
        assert "://" in urls
        assert urls.count("://") == urls.count("http://127.0.0.1:1/x")
    assert n_opened > 60


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(ConfigError) as caught:
        Exchange(ExchangeSettings(kind="ccxt", exchange="binance"), FAST)
    assert str(caught.value) == "source ccxt needs the extra: pip install 'marketmap[ccxt]'"


def test_importing_marketmap_and_its_sources_does_not_import_ccxt() -> None:
    code = (
        "import sys, marketmap, marketmap.sources, marketmap.sources.coinmarketcap.source, "
        "marketmap.sources.exchange.source, marketmap.universe.pairing; "
        "print('ccxt' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_two_candles_of_a_day_that_differ_are_both_kept_apart() -> None:
    day = milliseconds(date(2024, 3, 5))
    candle = [day, 1.0, 2.0, 0.5, 1.5, 7.0]
    window = Window("A/USDT", date(2024, 3, 1), LAST)
    rows, _, bad = read_candles([candle, candle], window, LAST)
    assert (rows["close"].tolist(), bad) == ([1.5], [])
    rows, _, bad = read_candles([candle, [*candle[:5], 8.0]], window, LAST)
    assert rows.empty
    assert [row["reason"] for row in bad] == ["repeated", "repeated"]


VALUES = st.one_of(
    st.none(),
    st.floats(),
    st.integers(),
    st.sampled_from(["1", "0E-30", "x", "NaN", True, [], {}, 1.0, 2.0, 1.5]),
)
TIMES = st.one_of(VALUES, st.integers(19_700, 19_900).map(lambda day: day * DAY_MS))
CANDLES = st.one_of(VALUES, st.tuples(TIMES, *[VALUES] * 5).map(list), st.lists(VALUES))


@given(st.lists(CANDLES, max_size=8))
def test_whatever_comes_no_bad_row_is_let_through(raws: list[Any]) -> None:
    window = Window("A/USDT", date(2024, 1, 1), LAST)
    try:
        rows, _, bad = read_candles(raws, window, LAST)
    except SourceError:
        return
    prices = rows[["open", "high", "low", "close"]]
    assert np.isfinite(prices).all(axis=None)
    assert (prices > 0).all(axis=None)
    assert rows["date"].between("2024-01-01", "2024-03-10").all()
    assert rows["date"].is_unique
    assert {row["reason"] for row in bad} <= set(REASONS)
    for row in bad:
        json.dumps(row["raw"])
