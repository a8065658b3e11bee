"""What the killed runs start from: a market, and data folders that hold something to be lost."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import yaml

from marketmap.config import Config, load_config
from tests.support.cmc_server import CmcServer
from tests.support.command import map_config
from tests.support.killing import moments
from tests.support.killing.forks import Forked, fork
from tests.support.remote import PATIENCE, YESTERDAY, simulated_prices

ONE_DAY = timedelta(days=1)
BEFORE = YESTERDAY - ONE_DAY
N_LATE = 6
"""So many coins have no price of the day in the morning; in the evening they are asked for."""


@dataclass(frozen=True)
class Market:
    """The addresses of a market's CoinMarketCap at three times."""

    yesterday: str
    morning: str
    evening: str


@contextmanager
def market() -> Iterator[Market]:
    """Serve a small market from a process of its own, which ends with this one."""
    stop, held = os.pipe()

    def work(writing: int) -> None:
        os.close(held)
        servers = CmcServer(simulated_prices(BEFORE)), _morning(), _evening()
        with ExitStack() as stack:
            urls = [stack.enter_context(server).base_url for server in servers]
            os.write(writing, f"{' '.join(urls)}\n".encode())
            os.read(stop, 1)

    server = fork(work)
    os.close(stop)
    try:
        yield Market(*_first_line(server).split())
    finally:
        os.close(held)
        server.wait()
        os.close(server.words)


def _morning() -> CmcServer:
    """Let the last coins lack the newest day."""
    server = CmcServer(simulated_prices(), today=YESTERDAY)
    for number in _late(server):
        coin = server.coins[number]
        server.coins[number] = replace(coin, prices=coin.prices[coin.prices.index < YESTERDAY])
    return server


def _evening() -> CmcServer:
    """Let everything have come, and something of all that is kept have happened to late coins."""
    server = CmcServer(simulated_prices(), today=YESTERDAY)
    for number in _late(server)[:3]:
        close = server.coins[number].latest("close", BEFORE)
        server.revise(str(number), BEFORE, close=1.02 * close)
    spiking, renamed = _late(server)[3:5]
    server.revise(str(spiking), BEFORE - ONE_DAY, close=1e7)
    server.rename(str(renamed), "NEW", "Newly named")
    return server


def _late(server: CmcServer) -> list[int]:
    return sorted(server.coins)[-N_LATE:]


def _first_line(child: Forked) -> str:
    line = b""
    while not line.endswith(b"\n"):
        came = os.read(child.words, 4096)
        assert came, "the market could not be served"
        line += came
    return line.decode()


def write_config(folder: Path, base_url: str) -> Config:
    """Describe the map, with a pace that spreads a fetch over some tenths of a second."""
    content = map_config(
        {"kind": "coinmarketcap", "base_url": base_url},
        window_days=60,
        # More than there are, so that the listing is asked for at every run.
        universe={"size": 16, "candidates": 40},
    )
    patience = {**PATIENCE, "requests_per_minute": 3000, "wait_for_day_attempts": 0}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**content, "fetch": {**patience, "min_answered": 0.4}}))
    return load_config(path)


def copy_of(base: Path, to: Path, base_url: str) -> Config:
    """Prepare a folder like another one."""
    shutil.copytree(base, to)
    return write_config(to, base_url)


def make_map(folder: Path, day_offset: int = 0) -> None:
    """Run the daily flow, whole; in a process of its own."""
    from flows.daily import daily

    daily("demo", YESTERDAY - day_offset * ONE_DAY, folder / "config.yaml")


def watched_run(folder: Path, stop_at: tuple[str, int] | None) -> Callable[[int], None]:
    """Return the work of a child that makes the map, says where it is, and may kill itself."""

    def work(writing: int) -> None:
        def on_moment(stage: str, number: int) -> None:
            if (stage, number) == stop_at:
                os.kill(os.getpid(), 9)

        def on_stage(stage: str, since: float) -> None:
            os.write(writing, f"{stage} {since!r}\n".encode())

        moments.follow(moments.Course(on_moment, on_stage))
        make_map(folder)

    return work


@dataclass(frozen=True)
class Recording:
    """What a whole run came by: its moments, each stage's seconds, and what it had imported."""

    passed: list[tuple[str, str]]
    seconds: dict[str, float]
    modules: list[str]

    def n_moments(self, stage: str) -> int:
        """Count a stage's moments."""
        return sum(passed == stage for passed, _ in self.passed)


def record(folder: Path, day_offset: int = 0) -> Recording:
    """Make the map and note it all."""
    stages: list[tuple[str, float]] = []
    course = moments.Course(on_stage=lambda *at: stages.append(at))
    moments.follow(course)
    make_map(folder, day_offset)
    stages.append((moments.OUTSIDE, time.monotonic()))
    seconds = dict.fromkeys(moments.STAGES, 0.0)
    for (stage, since), (_, until) in pairwise(stages):
        if stage != moments.OUTSIDE:
            seconds[stage] += until - since
    return Recording(course.passed, seconds, sorted(sys.modules))
