"""A Prefect server for all tests of flows, and a desk that has made one map."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import prefect_server
from tests.support.cmc_server import CmcServer
from tests.support.command import Desk, map_config
from tests.support.remote import PATIENCE, YESTERDAY, simulated_prices

# Importing Prefect makes its folder, which is in the user's home unless told otherwise.
_home = tempfile.TemporaryDirectory()
os.environ["PREFECT_HOME"] = _home.name


@pytest.fixture(scope="session")
def prefect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what all workers share of Prefect."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent  # what is above a worker's own folder
    return session / "prefect"


@pytest.fixture(scope="session")
def prefect_api(prefect_folder: Path) -> Iterator[str]:
    """Return the address of the one Prefect server of all workers."""
    with prefect_server.shared_server(prefect_folder) as url:
        yield url


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an empty folder with a small simulated map in its config.yaml."""
    desk = Desk(tmp_path)
    desk.write(map_config())
    return desk


@pytest.fixture
def own_server(desk: Desk, prefect_folder: Path) -> None:
    """Let the first Prefect server of a desk's own find a database: to make one takes it long."""
    home = desk.folder / "data" / "prefect"
    home.mkdir(parents=True)
    shutil.copy(prefect_server.prefect_database(prefect_folder), home)


@pytest.fixture
def recorded(desk: Desk, prefect_api: str) -> Desk:
    """Return the same, whose flows are recorded by the Prefect server."""
    return Desk(desk.folder, {"PREFECT_API_URL": prefect_api})


@pytest.fixture(params=[pytest.param("recorded", marks=pytest.mark.long), "not recorded"])
def either(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """Return a desk whose flows are recorded, and one whose flows are not."""
    if request.param == "not recorded":
        return desk
    return Desk(desk.folder, {"PREFECT_API_URL": request.getfixturevalue("prefect_api")})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Return a desk that has made the small simulated map; to be read only."""
    desk = Desk(tmp_path_factory.mktemp("made"))
    desk.write(map_config())
    run = desk.run("run")
    assert run.returncode == 0, run.stderr
    return desk


@pytest.fixture
def coins() -> Iterator[CmcServer]:
    """Return a CoinMarketCap of our own, of a small simulated market that ends yesterday."""
    with CmcServer(simulated_prices(), today=YESTERDAY) as server:
        yield server


@pytest.fixture
def remote(desk: Desk, coins: CmcServer) -> Desk:
    """Return a desk whose map comes from there."""
    source = {"kind": "coinmarketcap", "base_url": coins.base_url}
    desk.write({**map_config(source), "fetch": PATIENCE})
    return desk
