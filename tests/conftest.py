"""What every test can ask for."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks.windows import FOLDER, WHERE
from flows.environment import quiet_exit
from tests.support.browser import Browser, open_browser

# Headless, quiet and without telemetry, also in the processes that tests start.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

# For `make fuzz`: an eighth of it for each test, with five or ten bodies at a time.
settings.register_profile("fuzz", max_examples=7200, deadline=None)
if os.environ.get("MARKETMAP_FUZZ"):
    settings.load_profile("fuzz")

quiet_exit()  # DuckDB complains of objects that hypothesis keeps alive to the end

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real prices, or skip: it is not part of the project."""
    if not FOLDER.is_dir():
        pytest.skip(f"the real prices are not here: {WHERE}")
    return FOLDER


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a real Chromium, 1440 pixels wide; where there is none, skip, but fail in CI."""
    with open_browser() as opened:
        yield opened
