"""One Prefect server for all who record flows in the tests; it ends with the last of them."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.service.environment import is_healthy
from flows.service.servers import HOST, free_port
from tests.support.command import Desk

START_SECONDS = 120.0
_started: list["subprocess.Popen[bytes]"] = []
"""Kept, for Python warns of a process that nobody waits for."""


def prefect_database(folder: Path) -> Path:
    """Make Prefect's own database, empty, once for all processes: that takes a quarter minute."""
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "prefect.db"
    with _locked(folder):
        if not database.exists():
            subprocess.run(
                [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
                env=_variables(folder),
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return database


@contextmanager
def shared_server(folder: Path) -> Iterator[str]:
    """Return the address of the server of all processes that name the folder.

    The first of them starts it. Its standard input is a pipe that each of them holds open, and it
    ends when the last one lets go, however that ends.
    """
    database, home, address = prefect_database(folder), folder / "server", folder / "address"
    pipe = folder / "held"
    with _locked(folder):
        if not pipe.exists():
            os.mkfifo(pipe)
            home.mkdir()
            shutil.copy(database, home)
            reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            held = os.open(pipe, os.O_WRONLY)
            os.set_blocking(reading, True)
            address.write_text(_start(home, reading))
            os.close(reading)
        else:
            held = os.open(pipe, os.O_WRONLY)
    url = address.read_text()
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(url):
        assert time.monotonic() < deadline, "the Prefect server did not start"
        time.sleep(0.2)
    try:
        yield url
    finally:
        os.close(held)


def found(api: str, what: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask a Prefect server for what fits a filter."""
    request = urllib.request.Request(
        f"{api}/{what}/filter",
        data=json.dumps(wanted).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def _start(home: Path, reading: int) -> str:
    port = free_port(0)
    options = ["--host", HOST, "--port", str(port), "--no-services", "--no-ui"]
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.service.child", "prefect", "server", "start", *options],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_variables(home),
        start_new_session=True,
    )
    _started.append(process)
    return f"http://{HOST}:{port}/api"


def _variables(home: Path) -> dict[str, str]:
    quiet = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    return {**Desk(home).variables(), **quiet}


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
