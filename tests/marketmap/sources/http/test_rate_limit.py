"""One rate limit for all who ask a host, in whatever thread or process."""

import json
import logging
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from marketmap.errors import SourceDownError
from marketmap.sources.http import rate_limit as rate_limit_module
from marketmap.sources.http.rate_limit import RateLimit, cache_folder

HOST = "api.example.com:8080"
NOON = 1_780_000_000.0  # 2026-05-28 20:26:40 UTC
TOLD_NOON = "2026-05-28 20:26:40 UTC"

CHILD = """
import json, sys, time
from pathlib import Path
from marketmap.sources.http.rate_limit import RateLimit

folder, host, per_minute, n_requests, frozen = sys.argv[1:]
told, waits = [], []

def clock():
    told.append(float(frozen) if frozen else time.time())
    return told[-1]

def sleep(seconds):
    waits.append(seconds)
    if not frozen:
        time.sleep(seconds)

limit = RateLimit(host, int(per_minute), folder=Path(folder), clock=clock, sleep=sleep)
print("ready", flush=True)
input()
taken = []
for _ in range(int(n_requests)):
    told.clear(), waits.clear()
    limit.acquire()
    taken.append((told[0] + sum(waits), time.time()))  # its turn, and when it left
print(json.dumps(taken))
"""


class Watch:
    """A clock that goes on only while somebody sleeps, and what was slept."""

    def __init__(self) -> None:
        self.now = NOON
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 4))
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def make(tmp_path: Path, watch: Watch) -> Callable[..., RateLimit]:
    def made(
        per_minute: int = 30, max_wait: float = 300.0, host: str = HOST, folder: Path = tmp_path
    ) -> RateLimit:
        return RateLimit(host, per_minute, max_wait, folder, watch.clock, watch.sleep)

    return made


def test_requests_are_spaced_evenly_and_an_idle_minute_saves_nothing_up(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make(per_minute=30)
    for _ in range(3):
        limit.acquire()
    assert watch.waits == [2.0, 2.0]
    watch.now += 60
    limit.acquire()
    limit.acquire()
    assert watch.waits == [2.0, 2.0, 2.0]


def test_a_part_of_the_interval_that_has_passed_is_not_waited_for(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make(per_minute=60)
    limit.acquire()
    watch.now += 0.75
    limit.acquire()
    assert watch.waits == [0.25]


def test_two_rate_limits_of_one_host_share_it_and_another_host_has_its_own(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    first, second, other = make(), make(), make(host="example.com")
    first.acquire()
    other.acquire()
    assert watch.waits == []
    second.acquire()
    first.acquire()
    assert watch.waits == [2.0, 2.0]


def test_a_host_cannot_name_a_file_elsewhere(
    make: Callable[..., RateLimit], tmp_path: Path
) -> None:
    make(host="../../x/y").acquire()
    assert [path.name for path in tmp_path.iterdir()] == ["..%2F..%2Fx%2Fy"]


def test_threads_share_it(tmp_path: Path) -> None:
    waits: list[float] = []
    start = threading.Barrier(8)

    def one(_: int) -> None:
        limit = RateLimit(HOST, 60, folder=tmp_path, clock=lambda: NOON, sleep=waits.append)
        start.wait()
        for _ in range(5):
            limit.acquire()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    assert sorted(waits) == [float(n) for n in range(1, 40)]


def in_processes(
    folder: Path, n_processes: int, per_minute: int, n_requests: int, frozen: str = ""
) -> list[tuple[float, float]]:
    """Let processes that start together take turns; give each turn and when it left."""
    command = [sys.executable, "-c", CHILD, str(folder), HOST, str(per_minute), str(n_requests)]
    processes = [
        subprocess.Popen(
            [*command, frozen], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(n_processes)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = []
    for process in processes:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        taken += json.loads(said)
    return sorted((turn, left) for turn, left in taken)


def test_processes_share_it_and_none_leaves_before_its_turn(tmp_path: Path) -> None:
    taken = in_processes(tmp_path, 3, per_minute=600, n_requests=10)
    assert len(taken) == 30
    turns = [turn for turn, _ in taken]
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    assert min(gaps) > 0.1 - 1e-5
    assert all(left > turn - 1e-3 for turn, left in taken)
    assert taken[-1][1] - taken[0][1] > 2.0  # 2.9, less by what the first came late


def test_no_turn_is_given_twice_or_lost_however_processes_crowd(tmp_path: Path) -> None:
    taken = in_processes(tmp_path, 3, per_minute=60 * 1024, n_requests=4000, frozen=str(NOON))
    assert [(turn - NOON) * 1024 for turn, _ in taken] == list(range(12_000))


# --- being left alone


def test_a_hold_makes_all_others_wait(make: Callable[..., RateLimit], watch: Watch) -> None:
    make().hold(90)
    limit = make()
    limit.acquire()
    limit.acquire()
    assert watch.waits == [90.0, 2.0]


def test_a_shorter_hold_does_not_end_a_longer_one(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make()
    limit.hold(90)
    limit.hold(10)
    limit.acquire()
    assert watch.waits == [90.0]


def test_a_hold_that_comes_while_one_waits_is_heeded(tmp_path: Path, watch: Watch) -> None:
    def sleep(seconds: float) -> None:
        if not watch.waits:
            RateLimit(HOST, 30, folder=tmp_path, clock=watch.clock).hold(50)
        watch.sleep(seconds)

    limit = RateLimit(HOST, 30, 300.0, tmp_path, watch.clock, sleep)
    limit.acquire()
    limit.acquire()
    assert watch.waits == [2.0, 48.0]


def test_a_hold_of_just_the_longest_wait_is_waited_out(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make(max_wait=60)
    limit.hold(60)
    limit.acquire()
    assert watch.waits == [60.0]


def test_a_longer_hold_is_an_error_that_names_host_and_time(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make(max_wait=60)
    watch.now -= 61
    limit.hold(61)
    said = f"^{re.escape(HOST)} asked to be left alone until {re.escape(TOLD_NOON)}$"
    with pytest.raises(SourceDownError, match=said) as caught:
        limit.acquire()
    assert (caught.value.retry_after, caught.value.is_busy) == (61.0, True)
    assert watch.waits == []


@pytest.mark.parametrize("seconds", [1e12, float("inf")])
def test_no_hold_is_longer_than_a_week(
    make: Callable[..., RateLimit], watch: Watch, seconds: float
) -> None:
    limit = make(max_wait=8 * 86400.0)
    limit.hold(seconds)
    limit.acquire()
    assert watch.waits == [7 * 86400.0]


# --- what can happen to a file


@pytest.mark.parametrize("back", [2 * 3600, 400 * 86400])
def test_a_clock_that_was_set_back_is_survived(
    make: Callable[..., RateLimit], watch: Watch, back: float
) -> None:
    limit = make()
    limit.acquire()
    watch.now -= back
    limit.acquire()
    limit.acquire()
    assert watch.waits == [2.0]


def test_a_hold_from_before_the_clock_was_set_back_is_forgotten(
    make: Callable[..., RateLimit], watch: Watch
) -> None:
    limit = make()
    limit.hold(100)
    watch.now -= 7 * 86400
    limit.acquire()
    assert watch.waits == []


@pytest.mark.parametrize(
    "content",
    [b"", b"torn", b"\0" * 15, struct.pack("<dd", float("nan"), float("nan"))],
    ids=["empty", "torn", "nearly whole", "not a number"],
)
def test_a_torn_file_is_read_as_a_fresh_one(
    make: Callable[..., RateLimit], watch: Watch, tmp_path: Path, content: bytes
) -> None:
    limit = make()
    limit.acquire()
    (path,) = tmp_path.iterdir()
    path.write_bytes(content)
    limit.acquire()
    limit.acquire()
    assert watch.waits == [2.0]


def test_a_file_that_vanishes_is_made_anew(
    make: Callable[..., RateLimit], watch: Watch, tmp_path: Path
) -> None:
    limit = make()
    limit.acquire()
    (path,) = tmp_path.iterdir()
    path.unlink()
    limit.acquire()
    limit.acquire()
    assert watch.waits == [2.0]


def test_without_a_folder_the_limit_is_in_memory_with_one_warning(
    make: Callable[..., RateLimit],
    watch: Watch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit_module, "_memory", {})
    blocked = tmp_path / "a file"
    blocked.write_text("where a folder should be")
    with caplog.at_level(logging.WARNING):
        limit = make(folder=blocked / "pace")
        for _ in range(3):
            limit.acquire()
        limit.hold(10)
        limit.acquire()
    assert watch.waits == [2.0, 2.0, 10.0]
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{blocked / 'pace'} cannot be written to (Not a directory): other runs")


def test_in_memory_limits_of_one_host_share_it_as_well(
    make: Callable[..., RateLimit], watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit_module, "_memory", {})
    blocked = tmp_path / "a file"
    blocked.write_text("where a folder should be")
    for limit in (make(folder=blocked), make(folder=blocked)):
        limit.acquire()
    make(folder=blocked, host="example.com").acquire()
    assert watch.waits == [2.0]


def test_the_file_is_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    RateLimit("example.com", 60).acquire()
    assert (tmp_path / "marketmap" / "pace" / "example.com").stat().st_size == 16
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "marketmap"
