"""A source that contradicts itself: what came before, what comes now, and which of it counts."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.steps.context import map_context
from flows.steps.replay import replay
from marketmap.config import parse_config
from marketmap.sources import open_source
from marketmap.sources.base import is_remote
from storage import Database
from tests.support.cmc_market import many_coins
from tests.support.cmc_server import CmcServer, Fault
from tests.support.exchange_server import ExchangeServer
from tests.support.exchange_server import Fault as ExchangeFault
from tests.support.fetches import IMPATIENT, Fetching, differences, fetching, truth
from tests.support.remote import YESTERDAY

ONE_DAY = timedelta(days=1)
START = YESTERDAY - timedelta(days=110)
BEFORE = YESTERDAY - ONE_DAY
# Longer than is asked for, so that one request is enough for a coin.
COINS = many_coins(12, first=START - timedelta(days=50), last=YESTERDAY)
OTHER = "1"  # its candles are given


@pytest.fixture
def server() -> Iterator[CmcServer]:
    with CmcServer(COINS, today=BEFORE) as server:
        yield server


@pytest.fixture
def desk(server: CmcServer, tmp_path: Path) -> Fetching:
    return fetching(server, tmp_path)


def swap(server: CmcServer, asset_id: str, other: str = OTHER, times: float = 1) -> None:
    server.faults.append(
        Fault("swapped", "historical", times=times, asset_id=asset_id, other=other)
    )


def alive(server: CmcServer) -> list[str]:
    """Return the coins that have all days."""
    n_days = (YESTERDAY - START).days + 51
    return [str(coin.id) for coin in server.coins.values() if len(coin.days) == n_days]


def expected(server: CmcServer, last: date = YESTERDAY) -> pd.DataFrame:
    table = truth(COINS, server)
    days = pd.to_datetime(table["date"])
    mine = table["asset_id"].isin(alive(server)) & days.between(*map(pd.Timestamp, (START, last)))
    return table[mine].assign(date=days[mine])


def assert_right(desk: Fetching, server: CmcServer, last: date = YESTERDAY) -> None:
    assert differences(since_start(desk), expected(server, last)) == (0, 0, 0)


def since_start(desk: Fetching, asset_id: str | None = None) -> pd.DataFrame:
    """Return stored prices; a few earlier days come along."""
    stored = desk.stored()
    stored = stored[stored["date"] >= pd.Timestamp(START)]
    return stored if asset_id is None else stored[stored["asset_id"] == asset_id]


def quarantine(desk: Fetching, asset_id: str) -> pd.DataFrame:
    rows = desk.table("quarantine")
    return rows[rows["asset_id"] == asset_id]


def first_day(desk: Fetching, server: CmcServer) -> list[str]:
    """Fetch up to the day before yesterday."""
    ids = alive(server)
    assert desk.prices(ids, START, BEFORE) == {}
    server.today = YESTERDAY
    return ids


@pytest.mark.long
def test_a_coin_without_faults_is_asked_once_a_day(desk: Fetching, server: CmcServer) -> None:
    ids = first_day(desk, server)
    server.requests.clear()
    assert desk.prices(ids, START) == {}
    assert len(server.requests) == len(ids)
    assert_right(desk, server)
    assert desk.table("quarantine").empty


def test_another_coins_candles_on_the_first_fetch_are_found_at_once(
    desk: Fetching, server: CmcServer
) -> None:
    asset_id = alive(server)[3]
    swap(server, asset_id)
    first_day(desk, server)
    assert_right(desk, server, BEFORE)
    rows = quarantine(desk, asset_id)
    assert set(rows["reason"]) == {"contradicted"}
    assert len(rows) == (BEFORE - START).days + 4  # with three days before


@pytest.mark.long
def test_a_first_fetch_of_a_coin_that_is_not_fetched_itself_is_replaced_on_the_next_day(
    desk: Fetching, server: CmcServer
) -> None:
    asset_id, *others = alive(server)[1:]
    swap(server, asset_id, OTHER)
    assert desk.prices([asset_id, *others], START, BEFORE) == {}
    wrong = desk.stored().query("asset_id == @asset_id")
    assert wrong["close"].iloc[-1] == server.coins[1].prices["close"].iloc[-2]
    server.today = YESTERDAY
    assert desk.prices(alive(server), START) == {}
    assert_right(desk, server)
    rows = quarantine(desk, asset_id)
    assert set(rows["reason"]) == {"contradicted"}
    assert rows["close"].tolist() == wrong["close"].tolist()
    assert rows["detail"].str.contains("two answers agree otherwise; 113 of 113").all()
    assert desk.table("revisions").empty
    with Database.open(desk.config.database) as database:
        assert database.quarantine(desk.source.name).empty


@pytest.mark.long
def test_two_coins_that_are_swapped_with_each_other_are_put_right_on_the_next_day(
    desk: Fetching, server: CmcServer
) -> None:
    one, other = alive(server)[2:4]
    swap(server, one, other)
    swap(server, other, one)
    ids = first_day(desk, server)
    assert desk.prices(ids, START) == {}
    assert_right(desk, server)
    assert set(quarantine(desk, one)["detail"].str.extract(r"asset (\d+)")[0]) == {other}


@pytest.mark.long
@pytest.mark.parametrize("times", [1, 2])
def test_another_coins_candles_on_a_later_fetch_are_not_stored(
    desk: Fetching, server: CmcServer, times: int
) -> None:
    ids = first_day(desk, server)
    swap(server, ids[4], times=times)
    assert desk.prices(ids, START) == {}
    assert_right(desk, server)
    rows = quarantine(desk, ids[4])
    assert set(rows["reason"]) == {"contradicted"}
    assert desk.table("revisions").empty


@pytest.mark.long
def test_a_coin_that_always_gets_anothers_candles_is_told_and_keeps_what_was_right(
    desk: Fetching, server: CmcServer
) -> None:
    desk.listing(BEFORE)
    ids = first_day(desk, server)
    swap(server, ids[4], times=float("inf"))
    failed = desk.prices(ids, START)
    assert set(failed) == {ids[4]}
    assert f"those of asset {OTHER} to the last digit" in str(failed[ids[4]])
    right = expected(server)
    mine = (right["asset_id"] != ids[4]) | (right["date"] < pd.Timestamp(YESTERDAY))
    assert differences(since_start(desk), right[mine]) == (0, 0, 0)
    with Database.open(desk.config.database) as database:
        held = database.quarantine(desk.source.name)
    assert set(held["reason"]) == {"another_asset"}
    assert set(held["asset_id"]) == {ids[4]}
    server.faults.clear()
    assert desk.prices(ids, START) == {}
    assert_right(desk, server)
    with Database.open(desk.config.database) as database:
        assert database.quarantine(desk.source.name).empty


@pytest.mark.long
def test_answers_of_which_no_two_agree_leave_what_is_stored(
    desk: Fetching, server: CmcServer
) -> None:
    ids = first_day(desk, server)
    odd = Fault("scaled", "historical", times=4, asset_id=ids[2])
    odd.factor = lambda _: (3.0, 7.0, 11.0, 13.0)[int(odd.times)]  # another one each time
    server.faults.append(odd)
    failed = desk.prices(ids, START)
    assert set(failed) == {ids[2]}
    assert "no two answers agree" in str(failed[ids[2]])
    right = expected(server)
    mine = (right["asset_id"] != ids[2]) | (right["date"] < pd.Timestamp(YESTERDAY))
    assert differences(since_start(desk), right[mine]) == (0, 0, 0)
    assert desk.prices(ids, START) == {}
    assert_right(desk, server)


@pytest.mark.long
@pytest.mark.parametrize(
    ("factor", "reason"),
    [
        (lambda _: 1000.0, "rescaled"),
        (lambda day: 0.9 + 0.05 * math.sin(day.toordinal() / 9.0), "contradicted"),
    ],
)
def test_a_history_in_another_unit_or_currency_is_replaced(
    desk: Fetching, server: CmcServer, factor: Callable[[date], float], reason: str
) -> None:
    asset_id = alive(server)[3]
    server.faults.append(Fault("scaled", "historical", asset_id=asset_id, factor=factor))
    ids = first_day(desk, server)
    assert desk.prices(ids, START) == {}
    assert_right(desk, server)
    assert set(quarantine(desk, ids[3])["reason"]) == {reason}


def test_a_redenomination_of_the_whole_history_is_told_as_such(
    desk: Fetching, server: CmcServer
) -> None:
    ids = first_day(desk, server)
    coin = server.coins[int(ids[3])]
    prices = coin.prices.copy()
    prices[["open", "high", "low", "close"]] *= 0.001
    server.coins[int(ids[3])] = replace(coin, prices=prices)
    assert desk.prices(ids, START) == {}
    stored = since_start(desk, ids[3])
    assert stored["close"].tolist() == prices["close"].tolist()[50:]
    rows = quarantine(desk, ids[3])
    assert set(rows["reason"]) == {"rescaled"}
    assert rows["detail"].str.contains("in another unit, 0.001 times as much").all()


def test_revisions_of_the_newest_days_cost_no_request(desk: Fetching, server: CmcServer) -> None:
    ids = first_day(desk, server)
    for n in (1, 2):
        day = YESTERDAY - n * ONE_DAY
        close = float(server.coins[int(ids[3])].prices.loc[day, "close"])
        server.revise(ids[3], day, close=1.02 * close)
    server.requests.clear()
    assert desk.prices(ids, START) == {}
    assert len(server.requests) == len(ids)
    assert desk.table("quarantine").empty
    assert set(desk.table("revisions")["asset_id"]) == {ids[3]}


@pytest.mark.long
def test_one_of_several_windows_that_is_anothers_is_found_at_their_border(
    tmp_path: Path,
) -> None:
    start = YESTERDAY - timedelta(days=700)
    coins = many_coins(8, first=start, last=YESTERDAY)
    with CmcServer(coins) as server:
        desk = fetching(server, tmp_path)
        ids = [str(c.id) for c in server.coins.values() if len(c.days) == 701]
        asset_id = ids[2]
        swap(server, asset_id, ids[0])
        assert desk.prices(ids[1:], start) == {}  # the other one is not fetched
        stored = desk.stored().query("asset_id == @asset_id")
        right = server.coins[int(asset_id)].prices["close"]
        assert stored["close"].tolist() == right.tolist()


@pytest.mark.long
def test_coins_that_are_alike_by_themselves_are_not_accused(tmp_path: Path) -> None:
    table = COINS.copy()
    names = table["symbol"].drop_duplicates().tolist()
    columns = ["open", "high", "low", "close"]
    for name in names[1:3]:  # dead ones, which stand still
        table.loc[table["symbol"] == name, columns] = 0.5
    for name, close in ((names[4], 1.0), (names[5], 1.0)):  # pegged ones, rounded
        n_days = int((table["symbol"] == name).sum())
        table.loc[table["symbol"] == name, columns] = np.tile(
            close + 0.0001 * (np.arange(n_days) % 7)[:, None], (1, 4)
        )
    with CmcServer(table) as server:
        desk = fetching(server, tmp_path)
        ids = [str(number) for number in server.coins]
        assert desk.prices(ids, START) == {}
        assert not desk.table("requests")["detail"].str.contains("digit|differ").any()
        assert desk.table("quarantine").empty


def test_a_coin_that_is_gone_before_it_could_be_asked_again_is_not_used(
    desk: Fetching, server: CmcServer
) -> None:
    ids = alive(server)
    swap(server, ids[3])
    server.faults.append(Fault("refused", "historical", times=float("inf"), asset_id=ids[3]))
    failed = desk.prices(ids, START, BEFORE)
    assert set(failed) == {ids[3]}
    assert set(desk.stored()["asset_id"]) == set(ids) - {ids[3]}
    with Database.open(desk.config.database) as database:
        held = database.quarantine(desk.source.name)
    assert set(held["reason"]) == {"another_asset"}
    assert set(held["asset_id"]) == {ids[3]}


@pytest.mark.long
def test_a_run_that_is_killed_before_it_settles_leaves_what_was_there(
    desk: Fetching, server: CmcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id, *others = alive(server)[1:]
    swap(server, asset_id)
    desk.prices([asset_id, *others], START, BEFORE)
    before = since_start(desk, asset_id)["close"].tolist()
    server.today = YESTERDAY

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("flows.steps.disputes._store", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.prices(alive(server), START)
    assert since_start(desk, asset_id)["close"].tolist() == before
    assert quarantine(desk, asset_id).empty
    assert desk.prices(alive(server), START) == {}
    assert_right(desk, server)


def markets() -> pd.DataFrame:
    """Return three markets of an exchange."""
    draw = np.random.default_rng(5)
    days = pd.date_range(START - timedelta(days=30), YESTERDAY)
    frames = []
    for at, name in enumerate(("ADA", "BTC", "ETH")):
        close = 10.0**at * np.exp(draw.normal(0, 0.03, len(days)).cumsum())
        bars = {"open": close, "high": close * 1.02, "low": close * 0.98, "close": close}
        frames.append(pd.DataFrame({"date": days, "market": f"{name}/USDT", **bars, "volume": 9.0}))
    return pd.concat(frames)


@pytest.mark.long
@pytest.mark.parametrize("is_first", [True, False])
def test_another_markets_candles_of_an_exchange_are_found_too(
    tmp_path: Path, *, is_first: bool
) -> None:
    table = markets()
    with ExchangeServer(table) as server:
        source = {"kind": "ccxt", "exchange": "binance", "base_url": server.base_url}
        config = parse_config(
            {"maps": {"m": {"source": source}}, "fetch": IMPATIENT},
            folder=tmp_path,
            origin="config",
        )
        exchange = open_source(config.maps["m"].source, config.fetch, tmp_path)
        assert is_remote(exchange)
        desk = Fetching(config, exchange)
        odd = ExchangeFault("swapped", "klines", market="ADA/USDT", other="BTC/USDT")
        server.faults += [odd] * is_first
        assert desk.prices(["ADA/USDT", "ETH/USDT"], START, BEFORE) == {}
        server.faults += [odd] * (not is_first)
        assert desk.prices(["ADA/USDT", "ETH/USDT"], START) == {}
        right = table[(table["market"] == "ADA/USDT") & (table["date"] >= pd.Timestamp(START))]
        assert since_start(desk, "ADA/USDT")["close"].tolist() == right["close"].tolist()
        assert set(quarantine(desk, "ADA/USDT")["reason"]) == {"contradicted"}
        assert set(quarantine(desk, "ETH/USDT")["reason"]) == set()


@pytest.mark.long
def test_a_replay_believes_what_two_answers_agree_in(desk: Fetching, server: CmcServer) -> None:
    asset_id, *others = alive(server)[1:]
    swap(server, asset_id)
    desk.prices([asset_id, *others], START, BEFORE)
    server.today = YESTERDAY
    assert desk.prices(alive(server), START) == {}
    replay(map_context(desk.config, "m"))
    assert_right(desk, server)
    desk.config.database.unlink()
    replay(map_context(desk.config, "m"))
    assert_right(desk, server)
    assert set(quarantine(desk, asset_id)["reason"]) == {"contradicted"}
    assert desk.n_missing(alive(server), START) == 0
