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
from tests.support.proxy import Proxy

PATIENCE_SECONDS = 180
LINUX = sys.platform == "linux"
"""Where processes are found in /proc."""
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
EVERY = "20"
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


@pytest.mark.long
@pytest.mark.usefixtures("own_server")
def test_it_runs_on_time_one_at_a_time_and_goes_on_after_its_end_and_after_deaths(
    desk: Desk,
) -> None:
    port = free_port(0)
    api = f"http://127.0.0.1:{port}/api"
    arguments = ("--every", EVERY, "--port", str(port))
    proxy = Proxy()
    desk = surrounded(desk, proxy)
    with proxy, serving(desk, *arguments) as process:
        with map_lock(load_config(desk.folder / "config.yaml"), "demo"):
            eventually(lambda: flow_runs(api, "Skipped"), "a run that was not to overlap")
        done = completed(api, 2)
        second = desk.run("serve", *arguments)
        assert second.returncode == 2
        assert second.stderr.startswith("error: data is being served by process ")
        assert not work_overlaps(api, done)
        if LINUX:
            kill_server(desk, port, process.pid)
            done = completed(api, len(done) + 1)
            died = "the Prefect server ended with exit code -9; starting it again"
            assert died in (desk.folder / "serve.log").read_text()
        end(process)
    assert "http://127.0.0.1" in (desk.folder / "serve.log").read_text()
    assert not LINUX or desk.processes() == []
    with serving(desk, *arguments) as process:
        done = completed(api, len(done) + 1)
        assert len(flow_runs(api, "Running")) <= 2
        eventually(lambda: begun_after(api, done), "a run that is going on")
        process.kill()
        process.wait()
        if LINUX:
            eventually(lambda: desk.processes() == [], "the end of all children")
    with serving(desk, *arguments) as process:
        done = completed(api, len(done) + 1)
        # But for the run after the server's death, of whose tasks it may have lost some.
        assert not work_overlaps(api, [*done[:2], *done[-2:]])
        end(process)
    assert desk.ask("from runs").num_rows == 1
    assert proxy.requests == []


def surrounded(desk: Desk, proxy: Proxy) -> Desk:
    """Return a desk whose folder and variables are full of settings for other servers.

    Prefect's home has the folder for results that Prefect makes there sooner or later; it is called
    as one of our packages.
    """
    (desk.folder / "data" / "prefect" / "storage").mkdir(parents=True)
    (desk.folder / ".env").write_text("PREFECT_SERVER_API_BASE_PATH=/elsewhere\n")
    (desk.folder / "prefect.toml").write_text('[server.api]\nbase_path = "/elsewhere"\n')
    other = {
        "PREFECT_SERVER_API_BASE_PATH": "/elsewhere",
        "PREFECT_API_KEY": "secret",
        "PREFECT_PROFILE": "cloud",
        "SSL_CERT_FILE": "/nowhere/ca.pem",
        "WEB_CONCURRENCY": "auto",
    }
    return Desk(desk.folder, {**proxy.variables(), **other})


def completed(api: str, at_least: int) -> list[dict[str, Any]]:
    """Wait until so many runs have been completed."""
    return eventually(
        lambda: len(runs := flow_runs(api, "Completed")) >= at_least and runs,
        f"{at_least} completed runs",
    )


def begun_after(api: str, done: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the runs that are going on and began after others; a killed one looks so for ever."""
    return [
        run
        for run in flow_runs(api, "Running")
        if datetime.fromisoformat(run["start_time"]) > times(done[-1])[1]
    ]


def kill_server(desk: Desk, port: int, service: int) -> None:
    """Kill the Prefect server that a service has started."""
    for pid in desk.processes():
        if str(port) in Path(f"/proc/{pid}/cmdline").read_text() and pid != service:
            os.kill(pid, signal.SIGKILL)


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
