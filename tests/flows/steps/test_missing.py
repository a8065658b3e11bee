"""Every coin-day, whatever the server does: what is asked, stored, kept apart and asked again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from flows.steps.context import map_context
from flows.steps.missing import time_left
from flows.steps.replay import replay
from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.coinmarketcap.history import KEYS
from marketmap.sources.fetching import Progress
from tests.support.cmc_faults import Storm
from tests.support.cmc_market import many_coins
from tests.support.cmc_server import CmcServer, Fault
from tests.support.fetches import TABLES, Fetching, differences, fetching, truth
from tests.support.remote import YESTERDAY

ONE_DAY = timedelta(days=1)
START = YESTERDAY - timedelta(days=1100)
COINS = many_coins(12, first=START, last=YESTERDAY)


@pytest.fixture
def server() -> Iterator[CmcServer]:
    with CmcServer(COINS) as server:
        yield server


def all_ids(server: CmcServer) -> list[str]:
    return [str(number) for number in server.coins]


@pytest.mark.parametrize("start_inclusive", [True, False])
@pytest.mark.parametrize("max_rows", [365, 400])
def test_a_first_fetch_has_every_day_once_and_as_it_is(
    tmp_path: Path, start_inclusive: bool, max_rows: int
) -> None:
    with CmcServer(COINS, start_inclusive=start_inclusive, max_rows=max_rows) as server:
        desk = fetching(server, tmp_path)
        assert desk.prices(all_ids(server), START) == {}
        assert differences(desk.stored(), truth(COINS, server)) == (0, 0, 0)
        assert desk.table("quarantine").empty
        assert desk.table("revisions").empty


def test_a_server_that_gives_less_than_asked_for_is_asked_for_the_rest(tmp_path: Path) -> None:
    with CmcServer(COINS, max_rows=120) as server:
        desk = fetching(server, tmp_path)
        assert desk.prices(all_ids(server), START) == {}
        assert differences(desk.stored(), truth(COINS, server)) == (0, 0, 0)


@pytest.mark.no_cover  # it doubles the time, and the tests around this one go the same ways
def test_the_same_rows_come_through_a_storm_as_without(tmp_path: Path) -> None:
    clean, n_needed, _ = two_days(tmp_path / "clean", None)
    stormy, _, n_asked = two_days(tmp_path / "stormy", Storm(0.3, seed=7, retry_after="0"))
    for name in TABLES:
        pd.testing.assert_frame_equal(stormy[name], clean[name], check_exact=True)
    # market cap and turnover are as they were
    assert len(clean["revisions"]) == 2 * len(("open", "high", "low", "close", "volume"))
    assert set(clean["labels"].query("asset_id == '7'")["symbol"]) > {"NEW"}  # and the old one
    assert n_asked <= 1.6 * n_needed


def two_days(folder: Path, storm: Storm | None) -> tuple[dict[str, pd.DataFrame], int, int]:
    """Fetch on a day and on the next, on which closes were revised, a coin renamed, one dead."""
    folder.mkdir()
    with CmcServer(COINS, today=YESTERDAY - ONE_DAY, storm=storm) as server:
        desk = fetching(server, folder, timeout_seconds=0.5)
        ids = all_ids(server)
        n_needed = 2 + desk.n_missing(ids, START)
        desk.listing(YESTERDAY - ONE_DAY)
        assert desk.prices(ids, START) == {}
        server.today = YESTERDAY
        revise(server, "1", YESTERDAY - 2 * ONE_DAY)
        revise(server, "6", YESTERDAY - ONE_DAY)
        server.rename("7", "NEW", "New name")
        server.end("9", YESTERDAY - 3 * ONE_DAY)
        n_needed += desk.n_missing(ids, START)
        desk.listing(YESTERDAY)
        assert desk.prices(ids, START) == {}
        return {name: desk.table(name) for name in TABLES}, n_needed, len(server.requests)


def revise(server: CmcServer, asset_id: str, day: date) -> None:
    """Let a close of a day be a tenth higher from now on."""
    server.revise(asset_id, day, close=1.1 * server.coins[int(asset_id)].latest("close", day))


def test_a_revised_close_is_kept_with_its_old_value(tmp_path: Path, server: CmcServer) -> None:
    desk = fetching(server, tmp_path)
    server.today = YESTERDAY - ONE_DAY
    desk.prices(["1"], START)
    day = YESTERDAY - 2 * ONE_DAY
    old = desk.stored().set_index("date")["close"][pd.Timestamp(day)]
    server.today = YESTERDAY
    server.revise("1", day, close=2 * old)
    desk.prices(["1"], START)
    revisions = desk.table("revisions").set_index("field")
    assert (revisions["old_value"]["close"], revisions["new_value"]["close"]) == (old, 2 * old)
    assert set(revisions["date"]) == {pd.Timestamp(day)}
    assert set(revisions["why"]) == {"source"}
    assert desk.stored().set_index("date")["close"][pd.Timestamp(day)] == 2 * old


def test_a_days_update_is_one_request_a_coin_and_the_next_none(
    tmp_path: Path, server: CmcServer
) -> None:
    desk = fetching(server, tmp_path)
    alive = [str(coin.id) for coin in server.coins.values() if coin.days[-1] == YESTERDAY]
    server.today = YESTERDAY - ONE_DAY
    desk.prices(alive, START)
    server.today = YESTERDAY
    server.requests.clear()
    desk.prices(alive, START)
    assert len(server.requests) == len(alive)
    server.requests.clear()
    desk.prices(alive, START)
    assert server.requests == []


@pytest.mark.no_cover
def test_when_all_answers_are_faulty_nothing_changes_but_the_ledger(
    tmp_path: Path, server: CmcServer
) -> None:
    desk = fetching(server, tmp_path)
    server.today = YESTERDAY - ONE_DAY
    desk.listing(YESTERDAY - ONE_DAY)
    desk.prices(all_ids(server), START)
    before = {name: desk.table(name) for name in TABLES}
    n_before = len(desk.table("requests"))
    server.today = YESTERDAY
    server.storm = Storm(1.0, seed=1, retry_after="0")
    stubborn = fetching(server, tmp_path, timeout_seconds=0.2)
    with pytest.raises(SourceError, match=r"^listing: "):
        stubborn.listing(YESTERDAY)
    failed = stubborn.prices(all_ids(server), START)
    assert set(failed) == set(all_ids(server))
    for name in TABLES:
        pd.testing.assert_frame_equal(desk.table(name), before[name], check_exact=True)
    tried = desk.table("requests").sort_values("asked_at").iloc[n_before:]
    assert not (tried["outcome"] == "accepted").any()
    assert 5 < len(tried) <= 5 * (1 + 12)


def test_a_server_that_is_down_is_soon_asked_no_more(tmp_path: Path, server: CmcServer) -> None:
    server.faults.append(Fault("500", times=10**9))
    desk = fetching(server, tmp_path, concurrency=1)
    failed = desk.prices(all_ids(server), START)
    assert set(failed) == set(all_ids(server))
    assert len(server.requests) == 20
    assert isinstance(failed["1"], SourceDownError)
    assert any("requests in a row failed, so no more were sent" in str(e) for e in failed.values())


def test_of_a_dead_coin_little_is_asked_and_the_others_come(
    tmp_path: Path, server: CmcServer
) -> None:
    name = server.coins[3].name
    known = COINS[COINS["name"] != name]
    server.remove("3")
    desk = fetching(server, tmp_path)
    ids = [*all_ids(server), "3"]
    assert set(desk.prices(ids, START)) == {"3"}
    n_windows = len(desk.source.windows("3", START, YESTERDAY))
    assert len([r for r in server.requests if r.query["id"] == "3"]) <= 2 * 5 * n_windows
    assert differences(desk.stored(), truth(known, server)) == (0, 0, 0)


def test_a_glitch_is_kept_out_with_its_reason_and_comes_back_once_it_is_mended(
    tmp_path: Path, server: CmcServer
) -> None:
    desk = fetching(server, tmp_path)
    server.today = YESTERDAY - ONE_DAY
    desk.prices(["1"], START)
    whole = desk.stored()
    server.revise("1", YESTERDAY, close=1e9)
    server.today = YESTERDAY
    desk.prices(["1"], START)
    pd.testing.assert_frame_equal(desk.stored(), whole)  # ten times yesterday's close: not yet
    (held,) = desk.table("quarantine").to_dict("records")
    assert (held["reason"], held["date"]) == ("unconfirmed", pd.Timestamp(YESTERDAY))
    assert held["close"] == 1e9
    assert '"close": 1000000000.0' in held["raw"]
    server.revise("1", YESTERDAY, close=float(whole["close"].iloc[-1]))
    desk.prices(["1"], START)
    assert desk.stored()["date"].iloc[-1] == pd.Timestamp(YESTERDAY)


def test_a_spike_that_the_whole_market_made_is_stored_after_all(
    tmp_path: Path, server: CmcServer
) -> None:
    day, desk = YESTERDAY - 100 * ONE_DAY, fetching(server, tmp_path)
    alive = [str(c.id) for c in server.coins.values() if {day, day - ONE_DAY} <= set(c.days)]
    fetching(server, tmp_path / "before").prices(alive, START)
    closes = fetching(server, tmp_path / "before").stored()
    closes = closes[closes["date"] == pd.Timestamp(day - ONE_DAY)].set_index("asset_id")["close"]
    for asset_id in alive:  # all fall to a third, one to a fifth, and are back the day after
        server.revise(asset_id, day, close=closes[asset_id] / (5 if asset_id == "1" else 3))
    desk.prices(alive, START)
    stored = desk.stored().set_index(["asset_id", "date"])["close"]
    assert stored["1", pd.Timestamp(day)] == closes["1"] / 5
    (held,) = desk.table("quarantine").to_dict("records")
    assert (held["asset_id"], held["reason"]) == ("1", "spike")


def test_a_killed_fetch_goes_on_where_it_was(tmp_path: Path, server: CmcServer) -> None:
    desk = fetching(server, tmp_path)
    n_needed = desk.n_missing(all_ids(server), START)
    script = (
        "import sys; from pathlib import Path; from types import SimpleNamespace as S;"
        "from tests.support.fetches import *;"
        "desk = fetching(S(base_url=sys.argv[1]), Path(sys.argv[2]), requests_per_minute=1200);"
        "desk.prices(sys.argv[3].split(), date.fromisoformat(sys.argv[4]))"
    )
    arguments = [server.base_url, str(tmp_path), " ".join(all_ids(server)), str(START)]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], env={**os.environ, "PYTHONPATH": "."}
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.rglob("*.gz"))) < 2:  # the first batch is stored then
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    n_before = len(server.requests)
    n_left = desk.n_missing(all_ids(server), START)
    assert 0 < n_left < n_needed
    assert desk.prices(all_ids(server), START) == {}
    assert len(server.requests) - n_before < n_needed + 40 - n_before / 2
    assert differences(desk.stored(), truth(COINS, server)) == (0, 0, 0)


@pytest.mark.no_cover
def test_the_archive_read_again_gives_the_same_prices_without_asking(
    tmp_path: Path, server: CmcServer
) -> None:
    desk = fetching(server, tmp_path)
    go_through_two_days(desk, server)
    before = {name: desk.table(name) for name in TABLES}
    n_requests, n_missing = len(server.requests), desk.n_missing(all_ids(server), START)
    said = replay(map_context(desk.config, "m"))
    assert said.endswith("; 0 prices new or changed")
    assert len(server.requests) == n_requests
    (tmp_path / "data" / "marketmap.duckdb").unlink()
    replay(map_context(desk.config, "m"))
    for name in ("prices", "listings"):
        pd.testing.assert_frame_equal(desk.table(name), before[name], check_exact=True)
    assert desk.n_missing(all_ids(server), START) == n_missing


def test_a_reader_that_was_mended_changes_what_is_stored_and_says_so(
    tmp_path: Path, server: CmcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = fetching(server, tmp_path)
    with monkeypatch.context() as broken:
        broken.setitem(KEYS, "turnover", "marketCap")
        desk.prices(["1"], YESTERDAY - 10 * ONE_DAY)
    wrong = desk.stored()
    replay(map_context(desk.config, "m"))
    right = desk.stored()
    expected = truth(COINS, server)
    expected = expected[expected["asset_id"] == "1"].set_index("date")["turnover"]
    assert list(right["turnover"]) == list(expected[right["date"]])
    assert list(wrong["turnover"]) != list(right["turnover"])
    assert set(desk.table("revisions")["why"]) == {"replay"}


def go_through_two_days(desk: Fetching, server: CmcServer) -> None:
    server.today = YESTERDAY - ONE_DAY
    desk.listing(YESTERDAY - ONE_DAY)
    desk.prices(all_ids(server), START)
    server.today = YESTERDAY
    revise(server, "1", YESTERDAY - 2 * ONE_DAY)
    desk.listing(YESTERDAY)
    desk.prices(all_ids(server), START)


def test_time_left_is_told_in_minutes() -> None:
    progress = Progress(n_windows=100, n_answered=40)
    assert time_left(progress, 120.0) == ", 3 min left"
    assert time_left(progress, 10.0) == ", less than a minute left"
    assert time_left(Progress(n_windows=100), 10.0) == ""
    assert time_left(Progress(n_windows=4, n_answered=4), 10.0) == ""
