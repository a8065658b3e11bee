"""``marketmap serve``: a server of its own, runs on time, none at once, and life after a death."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flows.service import supervisor as children
from flows.service.servers import free_port
from flows.service.supervisor import Child, ServiceError
from flows.steps.lock import map_lock
from marketmap.config import load_config
from marketmap.errors import ConfigError
from tests.support.command import Desk
from tests.support.prefect_server import found

PATIENCE_SECONDS = 180
TASKS = {
    "list assets",
    "bring prices",
    "read inputs",
    "compute run",
    "findings",
    "save run",
    "publish",
    "draw report",
}
"""What Prefect records of a run."""
EVERY = "15"
"""Seconds; longer than a run takes, so that the machine has some rest between them: each run, one
that is skipped too, is a process that imports Prefect."""


@contextmanager
def serving(desk: Desk, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Serve a desk's map while the block runs; killed if it does not end by itself."""
    log = (desk.folder / "serve.log").open("ab")
    process = subprocess.Popen(
        desk.command("serve", *arguments),
        cwd=desk.folder,
        env=desk.variables(),
        stdout=log,
        stderr=log,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


def eventually(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            found = look()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited in vain for {what}")


def flow_runs(api: str, state: str) -> list[dict[str, Any]]:
    """Ask a Prefect server for the runs that are in a state, oldest first."""
    wanted = {"flow_runs": {"state": {"name": {"any_": [state]}}}}
    return found(api, "flow_runs", {**wanted, "sort": "START_TIME_ASC"})


def times(run: dict[str, Any]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(run["start_time"]), datetime.fromisoformat(run["end_time"])


def end(process: subprocess.Popen[bytes]) -> None:
    """End a service as systemd would, and see that it takes but seconds."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("own_server")
def test_two_runs_none_overlapping_and_one_more_after_a_restart(desk: Desk) -> None:
    port = free_port(0)
    api = f"http://127.0.0.1:{port}/api"
    arguments = ("--every", EVERY, "--port", str(port))
    with serving(desk, *arguments) as process:
        with map_lock(load_config(desk.folder / "config.yaml"), "demo"):
            skipped = eventually(lambda: flow_runs(api, "Skipped"), "a run that was not to overlap")
        done = eventually(
            lambda: len(runs := flow_runs(api, "Completed")) >= 2 and runs, "two runs"
        )
        second = desk.run("serve", *arguments)
        assert second.returncode == 2
        assert second.stderr.startswith("error: data is being served by process ")
        assert not work_overlaps(api, done)
        end(process)
    assert skipped
    assert "http://127.0.0.1" in (desk.folder / "serve.log").read_text()
    if sys.platform == "linux":
        assert desk.processes() == []
    before = {run["id"] for run in done}
    with serving(desk, *arguments) as process:
        again = eventually(
            lambda: [
                r
                for r in flow_runs(api, "Completed")
                if times(r)[0] > times(done[-1])[1] and r["id"] not in before
            ],
            "a run after the restart",
        )
        assert not work_overlaps(api, flow_runs(api, "Completed"))
        assert flow_runs(api, "Running") == [] or len(flow_runs(api, "Running")) <= 2
        end(process)
    assert again
    assert desk.ask("from runs").num_rows == 1


def work_overlaps(api: str, runs: list[dict[str, Any]]) -> bool:
    """Return whether two runs worked at once, from the first task's start to the last one's end.

    A run as such has begun before it sees that it may, and is reported as ended some time later.
    """

    def work(run: dict[str, Any]) -> Any:
        tasks = found(api, "task_runs", {"flow_runs": {"id": {"any_": [run["id"]]}}})
        ended = {task["name"].rpartition("-")[0]: task for task in tasks if task["end_time"]}
        return ended.keys() >= TASKS and list(ended.values())

    spans = []
    for run in runs:
        tasks = eventually(lambda run=run: work(run), "the tasks of a run")  # type: ignore[misc]
        starts, ends = zip(*(times(task) for task in tasks), strict=True)
        spans.append((min(starts), max(ends)))
    return any(start < end for (_, end), (start, _) in pairwise(sorted(spans)))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.usefixtures("own_server")
def test_a_killed_service_takes_its_children_along_and_blocks_nothing(desk: Desk) -> None:
    port = free_port(0)
    api = f"http://127.0.0.1:{port}/api"
    arguments = ("--every", EVERY, "--port", str(port))
    with serving(desk, *arguments) as process:
        eventually(lambda: flow_runs(api, "Running"), "a run that is going on")
        process.kill()
        process.wait()
        eventually(lambda: desk.processes() == [], "the end of all children")
    with serving(desk, *arguments) as process:
        eventually(lambda: flow_runs(api, "Completed"), "a run after the kill")
        end(process)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.usefixtures("own_server")
def test_a_server_that_dies_is_started_again(desk: Desk) -> None:
    port = free_port(0)
    api = f"http://127.0.0.1:{port}/api"
    with serving(desk, "--every", EVERY, "--port", str(port)) as process:
        first = eventually(lambda: flow_runs(api, "Completed"), "a first run")
        for pid in desk.processes():
            if str(port) in Path(f"/proc/{pid}/cmdline").read_text() and pid != process.pid:
                os.kill(pid, signal.SIGKILL)
        later = eventually(
            lambda: [r for r in flow_runs(api, "Completed") if times(r) > times(first[-1])],
            "a run on the new server",
        )
        end(process)
    assert later
    assert (
        "the Prefect server ended with exit code -9; starting it again"
        in (desk.folder / "serve.log").read_text()
    )


def test_a_child_that_dies_again_and_again_ends_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(children, "MAX_DEATHS", 2)
    child = Child("part", ["this_module_is_not_there"], {})
    deadline = time.monotonic() + PATIENCE_SECONDS

    def keep_alive() -> None:
        while time.monotonic() < deadline:
            child.revive()
            time.sleep(0.01)

    with pytest.raises(
        ServiceError, match="the part ended 3 times in a row, last with exit code 1"
    ):
        keep_alive()


def test_a_child_ends_with_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows.py").write_text("raise SystemExit('flows of somebody else')")
    monkeypatch.chdir(tmp_path)
    child = Child("part", ["http.server", "--bind", "127.0.0.1", str(free_port(0))], {})
    child.start()
    process = child.process
    assert process is not None
    assert process.stdin is not None
    time.sleep(1)
    assert child.is_alive()
    process.stdin.close()
    assert process.wait(10) != 0


def test_a_port_that_is_taken_is_refused_where_it_was_asked_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"--port {port}: cannot listen there"):
            free_port(port)
        assert free_port(port, 0) != port
