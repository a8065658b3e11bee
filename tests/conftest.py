"""What every test can ask for."""

import atexit
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks.windows import FOLDER, WHERE
from flows.interpreter import quiet_exit

# Headless, quiet and without telemetry, also in the processes that tests start.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

# What marketmap keeps for a whole machine, such as paces, is not to be the user's. xdist's workers
# share it. What pip keeps stays, or it would have to be fetched each time.
if "PYTEST_XDIST_WORKER" not in os.environ:
    users = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    os.environ.setdefault("PIP_CACHE_DIR", str(Path(users) / "pip"))
    _cache = tempfile.TemporaryDirectory(prefix="marketmap-cache-")
    atexit.register(_cache.cleanup)
    os.environ["XDG_CACHE_HOME"] = _cache.name

# A busy machine may take its time, in each example as in each test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# For `make fuzz`: an eighth of it for each test, with five or ten bodies at a time.
settings.register_profile("fuzz", max_examples=7200, deadline=None)
if os.environ.get("MARKETMAP_FUZZ"):
    settings.load_profile("fuzz")

quiet_exit()  # DuckDB complains of objects that hypothesis keeps alive to the end

ROOT = Path(__file__).parents[1]
LONGEST = ("test_serve.py", "test_killed.py")


@pytest.hookimpl(trylast=True)  # when tests that were not asked for are gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker has it left at the end.

    Of what reads real prices no coverage is measured: it doubles the time, and skips elsewhere.
    """
    for item in items:
        if isinstance(item, pytest.Function) and "shared_data" in item.fixturenames:
            item.add_marker(pytest.mark.no_cover)
    items[:] = _dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _dealt(items: list[pytest.Item], n_workers: int) -> list[pytest.Item]:
    """Order tests so that each worker, which is given one stretch of them, begins with slow ones.

    Slow tests of one file stay together, for what they share.
    """
    files: dict[str, dict[str, list[pytest.Item]]] = {
        "long": {name: [] for name in LONGEST},
        "slow": {},
    }
    quick = []
    for item in items:
        mark = next(filter(item.get_closest_marker, files), None)
        if mark is None:
            quick.append(item)
        else:
            files[mark].setdefault(item.path.name, []).append(item)
    slow = [*files["long"].values(), *files["slow"].values()]
    dealt, n_left = list[pytest.Item](), len(items)
    for worker in range(n_workers):
        size = n_left // (n_workers - worker)  # as xdist's worksteal divides them
        own = [item for file in slow[worker::n_workers] for item in file]
        n_quick = max(0, size - len(own)) if worker < n_workers - 1 else len(quick)
        dealt += own + quick[:n_quick]
        quick, n_left = quick[n_quick:], n_left - size
    return dealt


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real prices, or skip: it is not part of the project."""
    if not FOLDER.is_dir():
        pytest.skip(f"the real prices are not here: {WHERE}")
    return FOLDER
