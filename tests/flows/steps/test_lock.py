"""One process at a time makes a map, and none that is gone stands in the way."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from flows.steps.lock import MapBusyError, map_lock, schedule_lock
from marketmap.config import Config

HOLD = (
    "import sys, time; from pathlib import Path; from marketmap.config import Config\n"
    "from flows.steps.lock import map_lock\n"
    "with map_lock(Config.model_construct(data_dir=Path(sys.argv[1])), 'demo'):\n"
    "    print('held', flush=True); time.sleep(600)"
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.model_construct(data_dir=tmp_path)


def hold(config: Config) -> subprocess.Popen[str]:
    """Hold a map in another process."""
    arguments = [sys.executable, "-c", HOLD, str(config.data_dir)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def let_go(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_held_map_is_refused_with_the_holders_process(config: Config) -> None:
    process = hold(config)
    try:
        with (
            pytest.raises(MapBusyError, match=f"by process {process.pid}; wait"),
            map_lock(config, "demo"),
        ):
            pass
        with map_lock(config, "other"), schedule_lock(config, "demo"):
            pass
    finally:
        let_go(process)


def test_a_killed_holder_blocks_nobody(config: Config) -> None:
    let_go(hold(config))
    with map_lock(config, "demo"):
        pass


def test_a_held_map_is_waited_for_within_bounds(config: Config) -> None:
    with map_lock(config, "demo"):
        start = time.monotonic()
        with pytest.raises(MapBusyError), map_lock(config, "demo", wait_seconds=0.5):
            pass
        assert time.monotonic() - start >= 0.5
