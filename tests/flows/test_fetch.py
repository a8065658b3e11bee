"""What a desk sees when a source misbehaves: through the command line, with a real server."""

import math
import signal
import subprocess
import time
from datetime import timedelta

import pandas as pd
import pytest

from tests.support.cmc_faults import Storm
from tests.support.cmc_server import CmcServer, Fault
from tests.support.command import Desk, map_config
from tests.support.exchange_server import ExchangeServer
from tests.support.fetches import Fetching, fetching
from tests.support.remote import PATIENCE, YESTERDAY, digest

ONE_DAY = timedelta(days=1)

pytestmark = pytest.mark.long


def lines_of(process: "subprocess.CompletedProcess[str]", word: str) -> list[str]:
    return [line for line in process.stdout.splitlines() if word in line]


def filler(coins: CmcServer, desk: Desk) -> Fetching:
    """Return a way to fill the desk's database without a flow."""
    return fetching(coins, desk.folder)


def test_a_fetch_makes_no_map_and_asks_for_nothing_twice(remote: Desk, coins: CmcServer) -> None:
    first = remote.run("fetch", "--from", str(YESTERDAY - 30 * ONE_DAY))
    assert first.returncode == 0, first.stderr
    assert not remote.published.exists()
    assert "prices 19/19, " in first.stderr
    assert " rows, 0 retries" in first.stderr
    coins.requests.clear()
    assert remote.run("fetch", "--from", str(YESTERDAY - 30 * ONE_DAY)).returncode == 0
    assert coins.requests == []


def test_a_fetch_of_no_days_is_refused(remote: Desk, coins: CmcServer) -> None:
    later = YESTERDAY - ONE_DAY
    run = remote.run("fetch", "--from", str(YESTERDAY), "--to", str(later))
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == (
        f"error: --from {YESTERDAY}: comes after the last day, {later}"
    )
    assert coins.requests == []


def test_the_stored_listing_of_the_day_stands_in_for_one_that_does_not_come(
    remote: Desk, coins: CmcServer
) -> None:
    source = {"kind": "coinmarketcap", "base_url": coins.base_url}
    # more than there are: a listing that may have grown is asked for again
    wanted = map_config(source, universe={"size": 16, "candidates": 40})
    remote.write({**wanted, "fetch": PATIENCE})
    assert remote.run("fetch").returncode == 0
    coins.faults.append(Fault("500", "listing", times=math.inf))
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert f"; the listing that was stored of {YESTERDAY} is taken" in run.stderr
    assert "no price is missing" in run.stderr


def test_a_day_to_come_is_refused_by_the_name_of_its_option(remote: Desk) -> None:
    run = remote.run("fetch", "--to", str(YESTERDAY + 5 * ONE_DAY))
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith(f"error: --to {YESTERDAY + 5 * ONE_DAY}: the ")


def test_a_storm_changes_nothing_and_the_doctor_tells_of_it(remote: Desk, coins: CmcServer) -> None:
    coins.today = YESTERDAY - ONE_DAY
    filler(coins, remote).listing(YESTERDAY, 40)
    coins.today = YESTERDAY
    assert remote.run("run").returncode == 0
    before = digest(remote.published)
    coins.storm = Storm(1.0, seed=3, retry_after="0", hang_seconds=0.1)
    run = remote.run("run", "--as-of", str(YESTERDAY - 20 * ONE_DAY))
    assert run.returncode == 2
    last = run.stderr.splitlines()[-1]
    assert last.startswith("error: coinmarketcap: 0 of 19 assets' prices up to ")
    assert digest(remote.published) == before
    doctor = remote.run("doctor")
    (told,) = lines_of(doctor, "requests of demo")
    assert told.startswith("ok ")
    assert "in the last seven days" in told
    assert "the last that was not, at " in told


def test_prices_that_are_kept_out_are_listed_by_the_doctor(remote: Desk, coins: CmcServer) -> None:
    day = YESTERDAY - 10 * ONE_DAY
    asset_id = coins.asset_id("CON2")
    coins.revise(asset_id, day, close=1e7)
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    (line,) = lines_of(remote.run("doctor"), "quarantine of demo")
    assert f"CON2 ({asset_id}) on {day}: spike, close 1e+07, between " in line
    kept = remote.ask("select close, reason from quarantine where is_open").to_pylist()
    assert kept == [{"close": 1e7, "reason": "spike"}]
    stored = remote.ask(f"from daily_prices where date = '{day}' and asset_id = '{asset_id}'")
    assert stored.num_rows == 0


def test_prices_that_were_anothers_are_replaced_and_told_everywhere(
    remote: Desk, coins: CmcServer
) -> None:
    one, other = coins.asset_id("CON2"), coins.asset_id("GAM1")
    coins.today = YESTERDAY - ONE_DAY
    for asset_id, told in ((one, other), (other, one)):
        coins.faults.append(Fault("swapped", "historical", asset_id=asset_id, other=told))
    ids = [str(number) for number in coins.coins]
    filler(coins, remote).prices(ids, YESTERDAY - 125 * ONE_DAY, coins.today)
    coins.today = YESTERDAY
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert f"note: Stored prices of CON2 ({one}) were wrong and are replaced (" in run.stdout
    closes = "select close from daily_prices where asset_id = '{}' order by date desc limit 100"
    for asset_id in (one, other):
        right = coins.coins[int(asset_id)].prices["close"].iloc[::-1].tolist()
        told = [row["close"] for row in remote.ask(closes.format(asset_id)).to_pylist()]
        assert told == right[:100]
    reasons = "select distinct asset_id, reason, is_open from quarantine order by asset_id"
    assert remote.ask(reasons).to_pylist() == [
        {"asset_id": asset_id, "reason": "contradicted", "is_open": False}
        for asset_id in sorted((one, other))
    ]
    lines = lines_of(remote.run("doctor"), "contradictions of demo")
    assert len(lines) == 2
    assert f"CON2 ({one}), " in "".join(lines)
    assert "to the last digit on" in "".join(lines)
    assert "marketmap rebuild --map demo" in lines[0]


def test_a_coin_that_gets_anothers_prices_is_on_no_map(remote: Desk, coins: CmcServer) -> None:
    one, other = coins.asset_id("CON2"), coins.asset_id("GAM1")
    odd = Fault("swapped", "historical", times=math.inf, asset_id=one, other=other)
    coins.faults.append(odd)
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    excluded = f"select reason, detail from exclusions where asset_id = '{one}'"
    (told,) = remote.ask(excluded).to_pylist()
    assert told["reason"] == "contradictory"
    assert told["detail"].startswith(f"its prices are those of asset {other} to the last digit on ")
    on_map = f"select count(*) as n from latest_clusters where asset_id = '{other}'"
    assert remote.ask(on_map).to_pylist() == [{"n": 1}]
    (line,) = lines_of(remote.run("doctor"), "contradictions of demo")
    assert f"CON2 ({one}), " in line
    assert "another_asset, " in line


def test_a_past_day_shows_the_coins_of_that_day_the_dead_ones_included(
    remote: Desk, coins: CmcServer
) -> None:
    past, dead = YESTERDAY - 5 * ONE_DAY, coins.asset_id("CON2")
    coins.today = past
    desk = filler(coins, remote)
    desk.listing(past, 40)
    coins.today = YESTERDAY
    coins.end(dead, past)
    known = remote.run("run", "--as-of", str(past))
    assert known.returncode == 0, known.stderr
    assert "warning: The list of assets is of a later day" not in known.stdout
    on_map = "select count(*) as n from cluster_history where asset_id = '{}' and as_of = '{}'"
    assert remote.ask(on_map.format(dead, past)).to_pylist() == [{"n": 1}]
    report = (remote.folder / "data" / "reports" / "demo" / f"{past}.html").read_text()
    assert "The list of assets is of a later day" not in report
    unknown = remote.run("run", "--as-of", str(past - ONE_DAY))
    assert "warning: The list of assets is of a later day" in unknown.stdout
    assert remote.ask(on_map.format(dead, past - ONE_DAY)).to_pylist() == [{"n": 0}]
    report = (remote.folder / "data" / "reports" / "demo" / f"{past - ONE_DAY}.html").read_text()
    assert "The list of assets is of a later day" in report


def test_half_a_market_is_no_map(remote: Desk, coins: CmcServer) -> None:
    for number in list(coins.coins)[:8]:
        coins.faults.append(Fault("500", "historical", times=math.inf, asset_id=str(number)))
    run = remote.run("run")
    assert run.returncode == 2
    said = run.stderr.splitlines()[-1]
    assert said.startswith("error: coinmarketcap: 11 of 19 assets' prices up to ")
    assert not remote.published.exists()


def test_the_archive_is_replayed_by_a_command(remote: Desk, coins: CmcServer) -> None:
    fetched = remote.run("fetch")
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.splitlines()[-1] == (
        "prices are stored; to make a map of them: marketmap run --map demo"
    )
    (remote.folder / "data" / "marketmap.duckdb").unlink()
    coins.requests.clear()
    replayed = remote.run("replay")
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout.startswith("20 answers read again; ")
    assert replayed.stdout.endswith(" prices new or changed\n")
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert coins.asked("historical") == []


def test_a_simulated_map_has_nothing_to_replay(desk: Desk) -> None:
    run = desk.run("replay")
    assert run.returncode == 2
    assert run.stderr == (
        "error: map demo: nothing is archived of a source of kind simulated; "
        "replay is for coinmarketcap and ccxt\n"
    )


def test_ctrl_c_ends_a_fetch_soon_and_keeps_what_came(remote: Desk, coins: CmcServer) -> None:
    slow = {**PATIENCE, "requests_per_minute": 120, "concurrency": 2}
    source = {"kind": "coinmarketcap", "base_url": coins.base_url}
    remote.write({**map_config(source), "fetch": slow})
    process = subprocess.Popen(
        remote.command("fetch"),
        cwd=remote.folder,
        env=remote.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while len(coins.asked("historical")) < 6:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    told = time.monotonic()
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert time.monotonic() - told < 8
    assert stderr.splitlines()[-1].startswith("interrupted; stored: ")
    assert "Traceback" not in stderr
    kept = filler(coins, remote).stored()
    assert 4 <= kept["asset_id"].nunique() < 19


# --- the fallback source


def markets_of(coins: CmcServer, symbols: dict[str, float]) -> pd.DataFrame:
    """Return coins as an exchange trades them: a factor away from their price."""
    tables = []
    for symbol, factor in symbols.items():
        coin = coins.coins[int(coins.asset_id(symbol))]
        days = [day for day in coin.days if day <= YESTERDAY]
        for day in days:
            close = factor * coin.latest("close", day)
            bar = dict.fromkeys(("open", "high", "low", "close"), close)
            tables.append({"date": day, "market": f"{symbol}/USDT", **bar, "volume": 1000.0})
    return pd.DataFrame(tables)


def with_fallback(remote: Desk, coins: CmcServer, exchange: ExchangeServer) -> None:
    fallback = {"kind": "ccxt", "exchange": "binance", "base_url": exchange.base_url}
    source = {"kind": "coinmarketcap", "base_url": coins.base_url, "fallback": fallback}
    remote.write({**map_config(source), "fetch": PATIENCE})


def test_what_the_source_lacks_comes_from_an_exchange_where_prices_agree(
    remote: Desk, coins: CmcServer
) -> None:
    coins.today = YESTERDAY - 3 * ONE_DAY
    desk = filler(coins, remote)
    desk.prices([str(i) for i in coins.coins], YESTERDAY - 130 * ONE_DAY, coins.today)
    coins.today = YESTERDAY
    lost = {symbol: coins.asset_id(symbol) for symbol in ("CON2", "GAM1")}
    for asset_id in lost.values():
        coins.faults.append(Fault("500", "historical", times=math.inf, asset_id=asset_id))
    # one as it should be, one 3 % away: that is another thing of the same name
    with ExchangeServer(markets_of(coins, {"CON2": 1.01, "GAM1": 1.03})) as exchange:
        with_fallback(remote, coins, exchange)
        run = remote.run("run")
    assert run.returncode == 0, run.stderr
    con, gam = lost["CON2"], lost["GAM1"]
    assert f"note: All prices of CON2 ({con}) are those of ccxt:binance." in run.stdout
    assert lines_of(run, "prices: ") == [
        line for line in run.stdout.splitlines() if line.endswith("ccxt:binance (1)")
    ]
    sources = remote.ask("select asset_id, price_source from latest_clusters").to_pylist()
    told = {row["asset_id"]: row["price_source"] for row in sources}
    assert told[con] == "ccxt:binance"
    assert set(told.values()) == {"ccxt:binance", "coinmarketcap"}
    assert gam not in told
    named = f"select distinct source from daily_prices where asset_id = '{con}'"
    assert remote.ask(named).to_pylist() == [{"source": "ccxt:binance"}]
    days = (
        f"select count(*) = count(distinct date) as once from daily_prices where asset_id='{con}'"
    )
    assert remote.ask(days).to_pylist() == [{"once": True}]


def test_an_exchange_that_is_down_is_told_and_the_map_is_made(
    remote: Desk, coins: CmcServer
) -> None:
    dead = coins.asset_id("CON2")
    coins.faults.append(Fault("500", "historical", times=math.inf, asset_id=dead))
    with ExchangeServer(markets_of(coins, {"CON2": 1.0})) as exchange:
        with_fallback(remote, coins, exchange)
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert "note: The fallback source could not be asked (" in run.stdout
    assert f"note: The prices of CON2 ({dead}) could not be fetched" in run.stdout


def test_a_mistyped_exchange_is_told_before_anything_is_asked(
    remote: Desk, coins: CmcServer
) -> None:
    fallback = {"kind": "ccxt", "exchange": "binanze"}
    source = {"kind": "coinmarketcap", "base_url": coins.base_url, "fallback": fallback}
    remote.write({**map_config(source), "fetch": PATIENCE})
    run = remote.run("run")
    assert run.returncode == 2
    assert "binanze" in run.stderr.splitlines()[-1]
    assert coins.requests == []
