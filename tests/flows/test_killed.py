"""The daily flow, killed at any moment of any stage: a plain run mends all of it.

`make torture` does it far more often, and through the command line as well.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAGES = ["fetch", "upsert", "fit", "write", "publish", "report"]


@pytest.mark.long
def test_a_killed_run_leaves_nothing_half_done_and_the_next_one_makes_it_good(
    tmp_path: Path,
) -> None:
    to = tmp_path / "results.json"
    command = [sys.executable, "-m", "tests.support.killing", "--chains", "2", "--json", str(to)]
    # A process of its own: only one without threads can be forked.
    sweep = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    said = sweep.stdout + sweep.stderr
    assert sweep.returncode == 0, said
    told = json.loads(to.read_text())
    assert list(told["stages"]) == STAGES
    for stage, result in told["stages"].items():
        # What is asked for and stored may be over before the moment at which it was to be killed.
        assert result["kills"] >= (1 if stage in ("fetch", "upsert") else 2), said
    assert told["reader"]["opens"] > 0
