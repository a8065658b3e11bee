"""A Prefect server for all tests of flows, and a desk that has made one map."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.service.environment import is_healthy
from tests.support.cmc_server import CmcServer
from tests.support.command import Desk, map_config
from tests.support.remote import PATIENCE, YESTERDAY, simulated_prices

# Importing Prefect makes its folder, which is in the user's home unless told otherwise.
_home = tempfile.TemporaryDirectory()
os.environ["PREFECT_HOME"] = _home.name


@pytest.fixture(scope="session")
def prefect_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make Prefect's own database, empty, once for all workers: that takes it a quarter minute."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent  # what is above a worker's own folder
    home = session / "prefect-database"
    home.mkdir(exist_ok=True)
    database = home / "prefect.db"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            subprocess.run(
                [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"],
                env={**Desk(home).variables(), "PREFECT_HOME": str(home)},
                stdout=subprocess.DEVNULL,
                check=True,
            )
    return database


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory, prefect_database: Path) -> Iterator[str]:
    """Start one server for the session: a temporary one a run would take seconds each."""
    home = tmp_path_factory.mktemp("prefect")
    shutil.copy(prefect_database, home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--no-services", "--no-ui"]
    arguments = ["prefect", "server", "start", *options]
    environment = {
        **Desk(home).variables(),
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "flows.service.child", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    url = f"http://127.0.0.1:{port}/api"
    deadline = time.monotonic() + 120
    while not is_healthy(url):
        assert server.poll() is None, "the Prefect server has ended"
        assert time.monotonic() < deadline, "the Prefect server did not start"
        time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(30)
    assert server.stdin is not None
    server.stdin.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an empty folder with a small simulated map in its config.yaml."""
    desk = Desk(tmp_path)
    desk.write(map_config())
    return desk


@pytest.fixture
def own_server(desk: Desk, prefect_database: Path) -> None:
    """Let the first Prefect server of a desk's own find a database: to make one takes it long."""
    home = desk.folder / "data" / "prefect"
    home.mkdir(parents=True)
    shutil.copy(prefect_database, home)


@pytest.fixture
def connected(desk: Desk, prefect_api: str) -> Desk:
    """Return the same, whose flows run on the session's Prefect server."""
    return Desk(desk.folder, {"PREFECT_API_URL": prefect_api})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Desk:
    """Return a desk that has made the small simulated map; to be read only."""
    desk = Desk(tmp_path_factory.mktemp("made"), {"PREFECT_API_URL": prefect_api})
    desk.write(map_config())
    run = desk.run_anew("run")
    assert run.returncode == 0, run.stderr
    return desk


@pytest.fixture
def coins() -> Iterator[CmcServer]:
    """Return a CoinMarketCap of our own, of a small simulated market that ends yesterday."""
    with CmcServer(simulated_prices(), today=YESTERDAY) as server:
        yield server


@pytest.fixture
def remote(connected: Desk, coins: CmcServer) -> Desk:
    """Return a desk whose map comes from there."""
    source = {"kind": "coinmarketcap", "base_url": coins.base_url}
    connected.write({**map_config(source), "fetch": PATIENCE})
    return connected
