"""CoinMarketCap over real HTTP, through cryptocmd, against a server that knows the truth."""

import threading
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import cryptocmd.utils
import numpy as np
import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.frames import LISTING_COLUMNS, PRICE_COLUMNS
from marketmap.settings import CoinMarketCapSettings, FetchSettings
from marketmap.sources import open_source
from marketmap.sources.answers import Answer, Label, Window
from marketmap.sources.coinmarketcap.source import CoinMarketCap
from tests.support.cmc_faults import ALL_KINDS, StormKind
from tests.support.cmc_server import CmcServer, Fault, Storm

FAST = FetchSettings(requests_per_minute=600_000, timeout_seconds=5, backoff_seconds=0.01)
ONCE = FAST.model_copy(update={"attempts": 1})
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LAST = date(2024, 3, 10)


def coin(
    symbol: str, name: str, n_days: int, market_cap: float, last: date = LAST, seed: int = 0
) -> pd.DataFrame:
    """Make a coin's prices, which say by themselves of which day they are."""
    draw = np.random.default_rng(seed)
    close = np.exp(draw.normal(0, 0.03, n_days).cumsum()) * 100
    return pd.DataFrame(
        {
            "date": pd.date_range(end=last, periods=n_days),
            "symbol": symbol,
            "name": name,
            "open": close * 0.99,
            "high": close * 1.02,
            "low": close * 0.97,
            "close": close,
            "volume": close * draw.uniform(1e4, 2e4, n_days),
            "market_cap": market_cap,
        }
    )


# In the server's order: ids 1 (DUP, First), 2 (DUP, Second), 3 (GONE), 4 (LONG), 5 (USDT), 6 (ZERO)
COINS = pd.concat(
    [
        coin("LONG", "Long", 1500, 9e9, seed=1),
        coin("DUP", "First", 40, 1e9, seed=2),
        coin("DUP", "Second", 40, 5e9, seed=3),
        coin("USDT", "<img src=x onerror=alert(1)>", 40, 7e9, seed=4),
        coin("ZERO", "Zero", 40, 0.0, seed=5),
        coin("GONE", "Gone", 40, 8e9, last=date(2024, 1, 31), seed=6),
    ]
)
LONG_ID = "4"


@pytest.fixture
def serve() -> Iterator[Callable[..., CmcServer]]:
    with ExitStack() as stack:

        def start(prices: pd.DataFrame = COINS, **options: Any) -> CmcServer:
            return stack.enter_context(CmcServer(prices, **options))

        yield start


def source_of(server: CmcServer, fetch: FetchSettings = FAST) -> CoinMarketCap:
    settings = CoinMarketCapSettings(kind="coinmarketcap", base_url=server.base_url)
    source = open_source(settings, fetch, Path())
    assert isinstance(source, CoinMarketCap)
    return source


def truth(prices: pd.DataFrame, name: str, start: date, end: date) -> pd.DataFrame:
    rows = prices[(prices["name"] == name) & prices["date"].between(str(start), str(end))]
    return rows.set_index("date")


def assert_same(given: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(given["date"]) == list(expected.index)
    for column in ("open", "high", "low", "close"):
        assert list(given[column]) == list(expected[column])
    # What they call volume is in dollars; a market cap of 0 is unknown.
    np.testing.assert_array_equal(given["turnover"], expected["volume"])
    np.testing.assert_array_equal(
        given["market_cap"], expected["market_cap"].where(expected["market_cap"] > 0)
    )
    np.testing.assert_allclose(given["volume"] * given["close"], given["turnover"])


def test_says_what_it_is(serve: Callable[..., CmcServer]) -> None:
    source = source_of(serve())
    assert (source.name, source.is_remote, source.has_past_listings) == (
        "coinmarketcap",
        True,
        False,
    )
    assert source.last_day(datetime(2024, 3, 11, 0, 0, tzinfo=UTC)) == LAST
    assert source.last_day(datetime(2024, 3, 11, 23, 59, tzinfo=UTC)) == LAST
    eastern = datetime.fromisoformat("2024-03-11T20:00:00-05:00")  # the 12th, in UTC
    assert source.last_day(eastern) == date(2024, 3, 11)


# --- listing


def test_listing_is_in_rank_order_without_products_and_inactive_coins(
    serve: Callable[..., CmcServer],
) -> None:
    server = serve(tags={"USDT": ["stablecoin", "usd-stablecoin"]})
    listing = source_of(server).listing(LAST, 10)
    assert tuple(listing.columns) == LISTING_COLUMNS
    assert list(listing["asset_id"]) == ["4", "5", "2", "1", "6"]
    assert list(listing["rank"]) == [1, 2, 3, 4, 5]
    assert list(listing["symbol"]) == ["LONG", "USDT", "DUP", "DUP", "ZERO"]
    assert listing["name"][1] == "<img src=x onerror=alert(1)>"
    assert list(listing["tags"]) == [[], ["stablecoin", "usd-stablecoin"], [], [], []]
    assert listing["market_cap"][0] == 9e9  # in dollars: a quote in bitcoin stands before it
    assert np.isnan(listing["market_cap"][4])  # written 0E-30
    last = COINS[COINS["name"] == "Long"].iloc[-1]
    assert listing["turnover"][0] == last["volume"]


def test_listing_gives_the_largest_of_the_size_asked_for(serve: Callable[..., CmcServer]) -> None:
    assert list(source_of(serve()).listing(LAST, 2)["asset_id"]) == ["4", "5"]


def test_listing_by_turnover(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    listing = source_of(server).listing(LAST, 3, "turnover")
    latest = COINS[COINS["date"] == str(LAST)].nlargest(3, "volume")
    assert list(listing["name"]) == list(latest["name"])
    assert server.requests[0].query["sortBy"] == "volume_24h"


def test_listing_reads_as_many_pages_as_it_needs(serve: Callable[..., CmcServer]) -> None:
    many = pd.concat([coin(f"C{i:04}", f"Coin {i}", 1, 5e9 - i * 1e6) for i in range(1105)])
    server = serve(many)
    listing = source_of(server).listing(LAST, 1050)
    assert list(listing["symbol"]) == [f"C{i:04}" for i in range(1050)]
    assert [request.query["start"] for request in server.requests] == ["1", "1001"]
    assert len(source_of(server).listing(LAST, 3000)) == 1105  # all there are, and no error


def test_an_empty_listing_is_an_error(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    server.faults.append(Fault("empty", "listing"))
    with pytest.raises(SourceError, match="listing: a listing without coins"):
        source_of(server, ONCE).listing(LAST, 10)


def test_a_listing_without_dollars_is_an_error(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    server.faults.append(Fault("no_quotes", "listing"))
    with pytest.raises(SourceError, match="listing: a listing without a quote in USD"):
        source_of(server, ONCE).listing(LAST, 10)


def test_the_listing_asks_for_tags_and_dollars(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    source_of(server).listing(LAST, 10)
    query = server.requests[0].query
    assert query["convert"] == "USD"
    assert "tags" in urllib.parse.unquote(query["aux"]).split(",")


# --- prices


@pytest.mark.parametrize("start_inclusive", [True, False])
@pytest.mark.parametrize("end_inclusive", [True, False])
def test_years_come_without_a_lost_or_doubled_day(
    serve: Callable[..., CmcServer], start_inclusive: bool, end_inclusive: bool
) -> None:
    server = serve(start_inclusive=start_inclusive, end_inclusive=end_inclusive, max_rows=365)
    start = LAST - timedelta(days=1499)
    prices = source_of(server).prices(LONG_ID, start, LAST)
    assert tuple(prices.columns) == PRICE_COLUMNS
    assert_same(prices, truth(COINS, "Long", start, LAST))
    assert len(prices) == 1500
    assert set(prices["asset_id"]) == {LONG_ID}
    assert len(server.requests) == 5


@pytest.mark.parametrize("start_inclusive", [True, False])
def test_just_the_days_asked_for_come_by_one_request(
    serve: Callable[..., CmcServer], start_inclusive: bool
) -> None:
    server = serve(start_inclusive=start_inclusive)
    day = date(2023, 6, 1)
    for start, end in [(day, day), (day, day + timedelta(days=1)), (day, date(2024, 5, 15))]:
        server.requests.clear()
        prices = source_of(server).prices(LONG_ID, start, end)
        assert_same(prices, truth(COINS, "Long", start, end))
        assert len(server.requests) == 1


def test_real_coins_come_as_they_are(serve: Callable[..., CmcServer], shared_data: Path) -> None:
    table = pd.read_parquet(shared_data / "crypto_cmc_23coins_2013_2021.parquet")
    server = serve(table)
    source = source_of(server)
    end = date(2021, 2, 27)
    listing = source.listing(end, 150)
    latest = table[table["date"] == str(end)].sort_values("market_cap", ascending=False)
    assert list(listing["symbol"]) == list(latest["symbol"])
    assert len(listing) == 23
    for symbol, start in [("BTC", date(2013, 4, 29)), ("USDT", date(2020, 1, 1))]:
        prices = source.prices(server.asset_id(symbol), start, end)
        name = table.loc[table["symbol"] == symbol, "name"].iloc[0]
        assert_same(prices, truth(table, name, start, end))


def test_an_asset_is_its_id_and_not_its_symbol(serve: Callable[..., CmcServer]) -> None:
    source = source_of(serve())
    for asset_id, name in (("1", "First"), ("2", "Second")):
        prices = source.prices(asset_id, date(2024, 2, 1), LAST)
        assert_same(prices, truth(COINS, name, date(2024, 2, 1), LAST))


def test_a_number_for_an_id_is_taken(serve: Callable[..., CmcServer]) -> None:
    by_number = source_of(serve()).prices(4, date(2024, 3, 1), LAST)  # type: ignore[arg-type]
    assert_same(by_number, truth(COINS, "Long", date(2024, 3, 1), LAST))


def test_a_coin_without_candles_gives_an_empty_frame(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    prices = source_of(server).prices("3", date(2024, 2, 5), LAST)  # not traded since January
    assert prices.empty
    assert tuple(prices.columns) == PRICE_COLUMNS
    assert source_of(server).prices(LONG_ID, LAST, LAST - timedelta(days=1)).empty
    assert len(server.requests) == 1  # no day, no request


def test_the_running_day_never_comes(serve: Callable[..., CmcServer]) -> None:
    today = datetime.now(UTC).date()
    server = serve(coin("NOW", "Now", 20, 1e9, last=today + timedelta(days=1)))
    prices = source_of(server).prices("1", today - timedelta(days=3), today + timedelta(days=5))
    got = [day.date() for day in prices["date"]]
    assert datetime.now(UTC).date() == today, "midnight passed during the test"
    assert got == [today - timedelta(days=ago) for ago in (3, 2, 1)]


# --- faults

DOWN: Sequence[tuple[Fault, str]] = [
    (Fault("429", retry_after="7"), "HTTP 429 Too Many Requests and asked to wait 7 s"),
    (Fault("500"), "HTTP 500 Internal Server Error"),
    (Fault("html"), "something else than JSON"),
    (Fault("busy"), "the answer says error 500: The system is busy, please try again later!"),
    (Fault("hang"), r"did not answer within 0\.3 s"),
]
WRONG: Sequence[tuple[Fault, str]] = [
    (Fault("403"), "HTTP 403 Forbidden"),
    (Fault("refused"), "the answer says error 400: Invalid value"),
]


@pytest.mark.parametrize(("fault", "message"), [*DOWN, *WRONG])
@pytest.mark.parametrize("path", ["listing", "historical"])
def test_faults_have_their_class_and_name_their_place(
    serve: Callable[..., CmcServer],
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    message: str,
    path: str,
) -> None:
    server = serve()
    server.faults.append(Fault(fault.kind, path, retry_after=fault.retry_after))
    source = source_of(server, ONCE.model_copy(update={"timeout_seconds": 0.3}))
    ask = {
        "listing": lambda: source.listing(LAST, 10),
        "historical": lambda: source.prices(LONG_ID, date(2024, 3, 1), LAST),
    }
    with pytest.raises(SourceError, match=message) as caught:
        ask[path]()
    is_down = isinstance(caught.value, SourceDownError)
    assert is_down is any(fault is down for down, _ in DOWN)
    if isinstance(caught.value, SourceDownError):
        assert caught.value.retry_after == (7.0 if fault.kind == "429" else None)
    where = "listing: " if path == "listing" else "coin 4, 2024-03-01 to 2024-03-10: "
    assert str(caught.value).startswith(where)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr() == ("", "")  # cryptocmd would print


def test_an_answer_about_another_coin_is_refused(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    server.faults.append(Fault("wrong_id", "historical", times=2))
    for asset_id in (LONG_ID, "1"):
        with pytest.raises(SourceError, match=f"coin {asset_id}, .*: the answer is about coin"):
            source_of(server, ONCE).prices(asset_id, date(2024, 3, 1), LAST)


def test_an_answer_that_cryptocmd_cannot_read_is_an_error(
    serve: Callable[..., CmcServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    server.faults.append(Fault("no_status", "historical"))
    with pytest.raises(SourceError, match=r"coin 4, .*: cryptocmd cannot read the answer: Attrib"):
        source_of(server, ONCE).prices(LONG_ID, date(2024, 3, 1), LAST)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("asset_id", ["99999", "", "BTC", "1&timeEnd=0"])
def test_an_unknown_id_is_an_error_that_names_it(
    serve: Callable[..., CmcServer], asset_id: str
) -> None:
    server = serve()
    with pytest.raises(SourceError) as caught:
        source_of(server).prices(asset_id, date(2024, 3, 1), LAST)
    assert asset_id in str(caught.value)
    assert not server.asked("listing")  # cryptocmd looks symbols up there, 5,000 coins at a time


def test_threads_do_not_mix_their_servers(serve: Callable[..., CmcServer]) -> None:
    servers = [serve(coin("X", f"X{i}", 30, 1e9, seed=i)) for i in range(4)]
    sources = [source_of(server) for server in servers]
    start = threading.Barrier(8)

    def closes(i: int) -> list[float]:
        start.wait()
        return list(sources[i % 4].prices("1", date(2024, 2, 20), LAST)["close"])

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(closes, range(8)))
    for i, values in enumerate(got):
        expected = coin("X", f"X{i % 4}", 30, 1e9, seed=i % 4)["close"].iloc[-len(values) :]
        assert len(values) == 20
        assert values == list(expected)


def test_others_find_cryptocmd_as_it_was(
    serve: Callable[..., CmcServer], capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve()
    answer = cryptocmd.utils.get_url_data(
        f"{server.base_url}/cryptocurrency/historical?id=1&convertId=2781&timeStart=0&timeEnd=1"
    )
    assert answer.json()["data"]["symbol"] == "DUP"
    assert "marketmap" not in server.requests[0].user_agent
    with pytest.raises(Exception, match="No connection adapters"):
        cryptocmd.utils.get_url_data("nowhere://")
    assert capsys.readouterr().out.startswith("Error message (get_url_data)")


# --- storms

SCARCE = FAST.model_copy(update={"timeout_seconds": 0.3, "give_up_after": 1000})
PATIENT = SCARCE.model_copy(update={"attempts": 25})
THREE_YEARS = 1095
STORMY = pd.concat(
    [coin(f"S{i}", f"Stormy {i}", THREE_YEARS, (9 - i) * 1e9, seed=10 + i) for i in range(4)]
)
NEVER_AN_ANSWER: Sequence[StormKind] = (
    *("429_retry_after", "429", "5xx", "hang", "reset", "truncated", "html", "error_code"),
    *("other_coin", "empty_object"),
)
FIRST = LAST - timedelta(days=THREE_YEARS - 1)


def storm_of(kind: StormKind, rate: float) -> Storm:
    return Storm(rate, 1, [kind], retry_after="0")


def ask_all(source: CoinMarketCap, asset_id: str, start: date, end: date) -> list[Answer]:
    """Ask for windows and for what their answers leave over."""
    windows, answers = source.windows(asset_id, start, end), []
    while windows:
        answers.append(answer := source.ask_prices(window := windows.pop()))
        if answer.rows is not None:
            windows += window.without(answer.window)
    return answers


@pytest.mark.no_cover  # it doubles the time, and the tests of each fault go the same ways
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_in_a_storm_of_one_kind_the_right_rows_come(
    serve: Callable[..., CmcServer], kind: StormKind
) -> None:
    server = serve(STORMY)
    expected = source_of(server).listing(LAST, 3)
    storm = server.storm = storm_of(kind, 0.5)
    source = source_of(server, PATIENT)
    answers = [a for asset_id in "1234" for a in ask_all(source, asset_id, FIRST, LAST)]
    rows = pd.concat([answer.unwrap() for answer in answers])
    for number in range(4):
        mine = rows[rows["asset_id"] == str(number + 1)].sort_values("date")
        assert_same(mine, truth(STORMY, f"Stormy {number}", FIRST, LAST))
    pd.testing.assert_frame_equal(source.listing(LAST, 3), expected)
    assert storm.struck[kind] >= 5
    assert sum(len(answer.attempts) for answer in answers) > 16 == len(answers)


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_where_every_answer_is_spoilt_an_error_comes_and_never_a_wrong_row(
    serve: Callable[..., CmcServer], kind: StormKind
) -> None:
    server = serve(STORMY)
    expected = source_of(server).listing(LAST, 3)
    storm = server.storm = storm_of(kind, 1.0)
    source = source_of(server, SCARCE.model_copy(update={"attempts": 3}))
    answers = ask_all(source, "1", FIRST, LAST)
    for answer in answers:
        assert (answer.rows is None) is (answer.error is not None)
        if answer.rows is not None:
            first, last = answer.window.first, answer.window.last
            assert_same(answer.rows, truth(STORMY, "Stormy 0", first, last))
    assert len(answers) == 4
    if kind in NEVER_AN_ANSWER:
        assert [answer.rows for answer in answers] == [None] * 4
    listing = source.ask_listing(LAST, 3)
    if listing.rows is not None:
        pd.testing.assert_frame_equal(listing.rows, expected)
    assert storm.struck[kind] >= 3


# --- asked again


def test_a_question_that_is_repeated_is_another_one_each_time(
    serve: Callable[..., CmcServer],
) -> None:
    server = serve()
    server.faults += [Fault("html", "historical", times=4), Fault("html", "listing", times=4)]
    source = source_of(server)
    (window,) = source.windows(LONG_ID, date(2023, 4, 1), LAST)
    answer = source.ask_prices(window)
    assert [attempt.outcome for attempt in answer.attempts] == ["unavailable"] * 4 + ["accepted"]
    assert_same(answer.unwrap(), truth(COINS, "Long", date(2023, 4, 1), LAST))
    asked = [tuple(request.query.items()) for request in server.requests]
    assert len(set(asked)) == 5
    for request in server.requests:
        span = int(request.query["timeEnd"]) - int(request.query["timeStart"])
        assert span <= 365 * 86400  # or cryptocmd would make two requests of it
    server.requests.clear()
    server.coins.pop(6)  # without a market cap, it would be asked for twice
    assert len(source.ask_listing(LAST, 3).attempts) == 5
    assert len({tuple(request.query.items()) for request in server.requests}) == 5


def test_a_years_question_stays_one_request_however_often_it_is_asked(
    serve: Callable[..., CmcServer],
) -> None:
    server = serve()
    server.faults.append(Fault("html", "historical", times=8))
    source = source_of(server, FAST.model_copy(update={"attempts": 10}))
    newest, *_ = source.windows(LONG_ID, LAST - timedelta(days=1400), LAST)
    assert source.ask_prices(newest).unwrap().shape[0] == (newest.last - newest.first).days + 1
    assert len(server.requests) == 9


def test_another_symbol_is_a_label_and_no_reason_to_refuse(
    serve: Callable[..., CmcServer],
) -> None:
    server = serve()
    source, window = source_of(server), Window(LONG_ID, date(2024, 3, 1), LAST)
    before = source.ask_prices(window)
    server.rename(LONG_ID, "LNG", "Long, renamed")
    after = source.ask_prices(window)
    assert before.labels == (Label(LONG_ID, "LONG", "Long", "history"),)
    assert after.labels == (Label(LONG_ID, "LNG", "Long, renamed", "history"),)
    assert len(after.attempts) == 1
    pd.testing.assert_frame_equal(after.unwrap(), before.unwrap())
    listed = source.ask_listing(LAST, 1)
    assert listed.labels == (Label(LONG_ID, "LNG", "Long, renamed", "listing"),)


def test_a_stopped_source_asks_for_nothing(serve: Callable[..., CmcServer]) -> None:
    server = serve()
    source = source_of(server)
    assert not source.has_given_up
    source.stop()
    assert source.has_given_up
    window = Window(LONG_ID, date(2024, 3, 1), LAST)
    for answer in (source.ask_prices(window), source.ask_listing(LAST, 3)):
        assert (answer.rows, answer.attempts) == (None, ())
        assert str(answer.error).endswith(": asking was stopped")
    assert server.requests == []


# --- read again


@pytest.mark.parametrize("start_inclusive", [True, False])
def test_an_archived_body_read_again_gives_the_same_rows(
    serve: Callable[..., CmcServer], start_inclusive: bool
) -> None:
    server = serve(STORMY, start_inclusive=start_inclusive)
    server.storm = Storm(0.5, 2, hang_seconds=1.0, retry_after="0")
    source = source_of(server, PATIENT)
    n_read = 0
    for answer in ask_all(source, "1", FIRST, LAST):
        for body in answer.archived:
            again = source.read_again(body)
            assert again.attempts == ()
            if body.accepted:
                n_read += 1
                pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
                assert (again.window, again.labels) == (answer.window, answer.labels)
            elif again.rows is None:
                assert str(again.error).startswith(f"{body.window}: ")
    assert n_read == 4


def test_quarantined_rows_are_read_again_as_well(serve: Callable[..., CmcServer]) -> None:
    spiked = STORMY.copy()
    odd = LAST - timedelta(days=20)
    bad = (spiked["name"] == "Stormy 0") & (spiked["date"] == str(odd))
    spiked.loc[bad, ["open", "high", "low", "close"]] *= 1000
    source = source_of(serve(spiked))
    (window,) = source.windows("1", LAST - timedelta(days=99), LAST)
    answer = source.ask_prices(window)
    assert [attempt.outcome for attempt in answer.attempts] == ["suspect", "accepted"]
    assert list(answer.quarantined["reason"]) == ["spike"]
    assert list(answer.quarantined["date"]) == [pd.Timestamp(odd)]
    assert len(answer.unwrap()) == 99
    for body in answer.archived:
        again = source.read_again(body)
        pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
        pd.testing.assert_frame_equal(again.quarantined, answer.quarantined)


def test_an_archived_listing_read_again_gives_the_same_rows(
    serve: Callable[..., CmcServer],
) -> None:
    server = serve(STORMY)
    source = source_of(server)
    answer = source.ask_listing(LAST, 3)
    (body,) = answer.archived
    again = source.read_again(body)
    pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
    assert set(answer.labels) <= set(again.labels)
    assert str(source.read_again(body, "turnover").error) == "listing: ranked by market_cap"
    by_turnover = source.ask_listing(LAST, 3, "turnover")
    again = source.read_again(by_turnover.archived[0], "turnover")
    pd.testing.assert_frame_equal(again.unwrap(), by_turnover.unwrap())


def test_a_listing_of_several_pages_is_not_read_again(serve: Callable[..., CmcServer]) -> None:
    many = pd.concat([coin(f"C{i:04}", f"Coin {i}", 1, 5e9 - i * 1e6) for i in range(1005)])
    source = source_of(serve(many))
    for body in source.ask_listing(LAST, 1002).archived:
        said = "listing: a page of several, which are not read again"
        assert str(source.read_again(body).error) == said


@pytest.mark.parametrize("text", ["", "[" * 5000, "{}", "null", '{"data": {"quotes": [5]}}'])
def test_a_damaged_body_read_again_is_an_error_or_empty(
    serve: Callable[..., CmcServer], text: str
) -> None:
    source = source_of(serve())
    window = Window(LONG_ID, date(2024, 3, 1), LAST)
    (body,) = source.ask_prices(window).archived
    again = source.read_again(replace(body, text=text))
    assert again.rows is None
    assert str(again.error).startswith(f"{window}: ")
    for request in ({}, {"timeStart": "x", "timeEnd": "1"}, {"timeStart": "9" * 30, "timeEnd": ""}):
        assert source.read_again(replace(body, request=request)).rows is None
