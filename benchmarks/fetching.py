"""What fetching costs and what comes of it, against a stand-in server over real HTTP.

    make bench-fetch

100 simulated coins over 13 years. Server and client share this process, so the seconds are those of
both; on the real service the pace of requests decides.
"""

import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import cryptocmd
import cryptocmd.utils

from marketmap.errors import MarketmapError
from tests.support.cmc_faults import Storm
from tests.support.cmc_market import many_coins
from tests.support.cmc_server import CmcServer
from tests.support.fetches import TABLES, Fetching, differences, fetching, truth
from tests.support.remote import YESTERDAY

ONE_DAY = timedelta(days=1)
FIRST = YESTERDAY - timedelta(days=4750)
MARKET = many_coins(100, first=FIRST, last=YESTERDAY)
SEEDS = (1, 2)


def ids_of(server: CmcServer) -> list[str]:
    return [str(number) for number in server.coins]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="marketmap-bench-") as name:
        yield Path(name)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def complete() -> None:
    print("\nA first fetch of 100 coins over 13 years, against the truth:")
    for inclusive in (False, True):
        for max_rows in (365, 400):
            with CmcServer(MARKET, start_inclusive=inclusive, max_rows=max_rows) as server:
                with folder() as where:
                    desk = fetching(server, where)
                    n_needed = desk.n_missing(ids_of(server), FIRST)
                    started = time.perf_counter()
                    desk.prices(ids_of(server), FIRST)
                    seconds = time.perf_counter() - started
                    stored = desk.stored()
                    missing, doubled, other = differences(stored, truth(MARKET, server))
                edge = "inclusive" if inclusive else "exclusive"
                print(
                    f"  timeStart {edge}, {max_rows} rows: {len(stored):,} coin-days stored, "
                    f"{missing} missing, {doubled} doubled, {other} other than the truth; "
                    f"{n_needed:,} requests needed, {len(server.requests):,} sent, {seconds:.0f} s"
                )


def two_days(where: Path, storm: Storm | None) -> tuple[Fetching, int, int, float, float]:
    """Fetch everything, and again on the next day, on which some closes were revised."""
    with CmcServer(MARKET, today=YESTERDAY - ONE_DAY, storm=storm) as server:
        desk = fetching(server, where, timeout_seconds=1.0)
        started = time.perf_counter()
        n_needed = 1 + desk.n_missing(ids_of(server), FIRST)
        desk.listing(YESTERDAY - ONE_DAY, 90)
        desk.prices(ids_of(server), FIRST)
        server.today = YESTERDAY
        for number in (1, 10, 20, 30, 40):
            day = YESTERDAY - 2 * ONE_DAY
            if day in server.coins[number].days:
                close = server.coins[number].latest("close", day)
                server.revise(str(number), day, close=1.05 * close)
        n_needed += 1 + desk.n_missing(ids_of(server), FIRST)
        desk.listing(YESTERDAY, 90)
        desk.prices(ids_of(server), FIRST)
        share = len(desk.stored()) / len(MARKET)
        return desk, n_needed, len(server.requests), share, time.perf_counter() - started


def under_fire() -> None:
    print("\nTwo days of it with 30 % of all answers faulty, against a run without faults:")
    with folder() as where:
        clean, n_needed, n_sent, _, seconds = two_days(where, None)
        tables = {name: clean.table(name) for name in TABLES}
        print(f"  no faults: {n_needed:,} requests needed, {n_sent:,} sent, {seconds:.0f} s")
    for seed in SEEDS:
        storm = Storm(0.3, seed, retry_after="1")
        with folder() as where:
            desk, n_needed, n_sent, share, seconds = two_days(where, storm)
            same = [name for name in TABLES if desk.table(name).equals(tables[name])]
            print(
                f"  seed {seed}: {share:.2%} of coin-days; {n_sent:,} requests sent, "
                f"{n_sent / n_needed:.2f} a needed one; {seconds:.0f} s; the same rows, value for "
                f"value: {', '.join(same)} ({len(tables['revisions'])} revisions)"
            )
            struck = ", ".join(f"{kind} {n}" for kind, n in storm.struck.most_common())
            print(f"    struck: {struck}")


def all_faulty() -> None:
    print("\nA day on which all answers are faulty:")
    with folder() as where, CmcServer(MARKET, today=YESTERDAY - ONE_DAY) as server:
        desk = fetching(server, where, backoff_seconds=0.5)
        start = YESTERDAY - 400 * ONE_DAY
        desk.prices(ids_of(server), start)
        before = {name: desk.table(name) for name in TABLES}
        n_ledger = len(desk.table("requests"))
        server.today, server.storm = YESTERDAY, Storm(1.0, seed=1)
        server.requests.clear()
        again, failed = fetching(server, where, backoff_seconds=0.5), {}

        def fail() -> None:
            try:
                again.listing(YESTERDAY, 90)
            except MarketmapError as error:
                print(f"  error: {error}")
            failed.update(again.prices(ids_of(server), start))

        seconds = timed(fail)
        same = [name for name in TABLES if again.table(name).equals(before[name])]
        print(
            f"  {len(failed)} of {len(server.coins)} coins failed after {len(server.requests)} "
            f"requests and {seconds:.0f} s; {len(again.table('requests')) - n_ledger} of them in "
            f"the ledger; unchanged: {', '.join(same)}"
        )


def a_day() -> None:
    print("\nA day's update:")
    with folder() as where, CmcServer(MARKET, today=YESTERDAY - ONE_DAY) as server:
        desk = fetching(server, where)
        alive = [str(coin.id) for coin in server.coins.values() if coin.days[-1] == YESTERDAY]
        start = YESTERDAY - 365 * ONE_DAY
        desk.listing(YESTERDAY - ONE_DAY, 90)
        desk.prices(alive, start)
        server.today = YESTERDAY
        for what in ("first run", "second run"):
            server.requests.clear()
            seconds = timed(lambda: desk.prices(alive, start))
            print(f"  {what}: {len(alive)} coins, {len(server.requests)} requests, {seconds:.1f} s")


def killed() -> None:
    print("\nA fetch at 1,200 requests a minute that is killed (SIGKILL) every eight seconds:")
    with folder() as where, CmcServer(MARKET) as server:
        desk, n_kills = fetching(server, where), 0
        n_needed = desk.n_missing(ids_of(server), FIRST)
        script = (
            "import sys; from pathlib import Path; from types import SimpleNamespace as Server;"
            "from tests.support.fetches import *;"
            "desk = fetching(Server(base_url=sys.argv[1]), Path(sys.argv[2]),"
            " requests_per_minute=1200);"
            "desk.prices(sys.argv[3].split(), date.fromisoformat(sys.argv[4]))"
        )
        ids = " ".join(ids_of(server))
        command = [sys.executable, "-c", script, server.base_url, str(where), ids, str(FIRST)]
        while True:
            n_before = len(server.requests)
            process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."})
            while process.poll() is None and len(server.requests) == n_before:
                time.sleep(0.05)
            try:
                process.wait(8)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                n_kills += 1
        missing, doubled, other = differences(desk.stored(), truth(MARKET, server))
        print(
            f"  {n_kills} kills: {missing} missing, {doubled} doubled, {other} other than the "
            f"truth; {len(server.requests):,} requests sent, {n_needed:,} needed"
        )


def paced() -> None:
    print("\nThree processes at once, 600 requests a minute allowed on the machine:")
    with folder() as where, CmcServer(MARKET) as server:
        script = (
            "import sys; from pathlib import Path; from types import SimpleNamespace as Server;"
            "from tests.support.fetches import *;"
            "desk = fetching(Server(base_url=sys.argv[1]), Path(sys.argv[2]),"
            " requests_per_minute=600);"
            "desk.prices(sys.argv[3].split(), YESTERDAY)"
        )
        ids = ids_of(server)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, server.base_url, f"{where}/{i}", " ".join(ids)],
                env={**os.environ, "PYTHONPATH": "."},
            )
            for i in range(3)
        ]
        for process in processes:
            process.wait()
        moments = sorted(request.at for request in server.requests)
        fullest = max(sum(a <= b < a + 10 for b in moments) for a in moments)
        print(
            f"  {len(moments)} requests in {moments[-1] - moments[0]:.1f} s; at most {fullest} in "
            "any ten seconds (100 allowed; more is the way there)"
        )


def speed() -> None:
    print("\n20 coins over 13 years, against cryptocmd by itself, coin after coin (medians of 3):")
    with CmcServer(MARKET) as server:
        cryptocmd.utils._CMC_DATA_API = server.base_url
        ids = ids_of(server)[:20]

        def plainly() -> None:
            dates = {"start_date": f"{FIRST:%d-%m-%Y}", "end_date": f"{YESTERDAY:%d-%m-%Y}"}
            for asset_id in ids:
                scraper = cryptocmd.CmcScraper(id_number=asset_id, **dates)
                try:
                    scraper.get_dataframe()
                except Exception as error:  # what it does with years before a coin's first
                    print(f"    cryptocmd, coin {asset_id}: {type(error).__name__} {error}")

        def ours() -> None:
            with folder() as where:
                fetching(server, where).prices(ids, FIRST)

        theirs = statistics.median(timed(plainly) for _ in range(3))
        here = statistics.median(timed(ours) for _ in range(3))
        print(
            f"  cryptocmd into frames {theirs:.1f} s; marketmap, checked, archived and stored, "
            f"four threads, {here:.1f} s: {theirs / here:.2f} times as fast"
        )


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{MARKET['name'].nunique()} coins, {FIRST} to {YESTERDAY}, {len(MARKET):,} coin-days")
    for part in (complete, under_fire, all_faulty, a_day, killed, paced, speed):
        started = time.perf_counter()
        part()
        print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
