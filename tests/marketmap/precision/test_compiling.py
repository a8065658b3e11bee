"""Nobody waits for the compiler without a word, nor twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import time
from marketmap.precision import GraphicalLasso
start = time.perf_counter()
print(GraphicalLasso(0.5).fit([[1.0, 2.0], [2.0, 1.0], [0.5, 3.0]]).converged_)
print(time.perf_counter() - start)
"""
WORD = "compiling the graphical lasso, a few seconds, "

NOWHERE_TO_WRITE = """
import numba.core.caching
numba.core.caching.CacheImpl._locator_classes = []
"""


def fit_in_a_process(cache: Path, before: str = "") -> tuple[float, str]:
    ended = subprocess.run(
        [sys.executable, "-c", before + CODE],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        check=True,
        text=True,
    )
    converged, seconds = ended.stdout.split()
    assert converged == "True"
    return float(seconds), ended.stderr


@pytest.mark.long
def test_the_first_process_says_that_it_compiles_and_the_next_loads_what_it_cached(
    tmp_path: Path,
) -> None:
    first, said = fit_in_a_process(tmp_path)
    assert WORD + "once on this machine" in said
    second, said = fit_in_a_process(tmp_path)
    assert said == ""
    assert second < first / 3


@pytest.mark.long
def test_without_a_place_for_the_cache_every_process_compiles(tmp_path: Path) -> None:
    _, said = fit_in_a_process(tmp_path, NOWHERE_TO_WRITE)
    assert WORD + "in every process" in said
    assert not list(tmp_path.iterdir())


def test_without_the_compiler_it_is_plain_python(tmp_path: Path) -> None:
    _, said = fit_in_a_process(tmp_path, "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'")
    assert said == ""
    assert not list(tmp_path.iterdir())
