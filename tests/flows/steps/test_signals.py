"""Ctrl-C and SIGTERM end a command within seconds, and its last line says what is kept."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.cmc_server import CmcServer
from tests.support.command import Desk, map_config
from tests.support.fetches import fetching
from tests.support.remote import PATIENCE

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
SOON = 12.0
"""Seconds; after ten the process leaves whatever it does."""


@contextmanager
def running(desk: Desk, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    with subprocess.Popen(
        desk.command(*arguments),
        cwd=desk.folder,
        env=desk.variables(),
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in the background has them ignore Ctrl-C, children included.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_up_to(process: "subprocess.Popen[str]", beginning: str | tuple[str, ...]) -> None:
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if line.startswith(beginning):
            return
    pytest.fail(f"no line {beginning!r} in {seen}")


def end(process: "subprocess.Popen[str]", number: int, code: int) -> str:
    """Send a signal; give the last line."""
    process.send_signal(number)
    told = time.monotonic()
    _, stderr = process.communicate(timeout=60)
    assert time.monotonic() - told < SOON
    assert process.returncode == code, stderr
    assert "Traceback" not in stderr
    return stderr.splitlines()[-1]


def until(is_so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_while_libraries_are_imported_nothing_is_kept(either: Desk, number: int, code: int) -> None:
    with running(either, "run") as process:
        lines_up_to(process, ("recording to", "no Prefect"))
        last = end(process, number, code)
    assert last == "interrupted; no answer and no map had been stored yet"


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_while_prices_are_fetched_what_came_is_kept(
    either: Desk, coins: CmcServer, number: int, code: int
) -> None:
    source = {"kind": "coinmarketcap", "base_url": coins.base_url}
    slow = {**PATIENCE, "requests_per_minute": 120, "concurrency": 2}
    either.write({**map_config(source), "fetch": slow})
    with running(either, "run") as process:
        until(lambda: len(coins.asked("historical")) >= 6, process)
        last = end(process, number, code)
    stored = fetching(coins, either.folder).stored()["asset_id"].nunique()
    assert 4 <= stored < 19
    # The listing is an answer, too.
    assert last == (
        f"interrupted; stored: {stored + 1} answers; nothing new published; "
        "the same command goes on from there"
    )


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_long_fit_is_ended_soon(either: Desk, number: int, code: int) -> None:
    many = {"kind": "simulated", "n_assets": 300, "n_days": 400}
    model = {"precision": {"alphas": 40, "refinements": 10, "folds": 10}}
    universe = {"size": 300, "candidates": 320}
    either.write(map_config(many, universe=universe, window_days=390, model=model))
    with running(either, "run") as process:
        lines_up_to(process, "chose ")
        time.sleep(1)
        assert process.poll() is None
        last = end(process, number, code)
    assert last == "interrupted; no answer and no map had been stored yet"
    assert not either.published.exists()


WITH_WORKERS = """
import os, signal, time
from multiprocessing import active_children
from threading import Thread
from joblib import Parallel, delayed
from flows.steps import signals

signals.PATIENCE_SECONDS = 0.5
leave = os._exit
os._exit = lambda code: (time.sleep(1), leave(code))  # time for the thread to miss its workers
work = lambda: Parallel(n_jobs=2)(delayed(time.sleep)(120) for _ in range(2))
with signals.interrupts_in_time():
    Thread(target=work, daemon=True).start()
    while len(active_children()) < 2:
        time.sleep(0.1)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:  # lost, as in a callback from C
        time.sleep(60)
"""


def test_who_leaves_at_once_takes_the_processes_along_that_work_for_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITH_WORKERS], capture_output=True, text=True, timeout=60
    )  # whoever is left holds the pipes open
    assert ended.returncode == 143, ended.stderr
    assert ended.stderr.endswith("interrupted; no answer and no map had been stored yet\n")
