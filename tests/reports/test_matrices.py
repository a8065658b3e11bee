"""A page shows what it can of a run whose matrices were not kept, and fits nothing."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketmap.pipeline import compute_run
from marketmap.run import MapInputs, MapRun
from marketmap.settings import MapSettings, SimulatedSettings
from marketmap.sources.simulated import Simulated
from reports import render
from reports.matrices import matrices_of
from reports.sections.doubts import PRICES_CHANGED
from storage import Database
from tests.support.command import QUICK_MODEL, SMALL_MARKET
from tests.support.stored import keep

DRAW = """
import sys
from pathlib import Path
from reports import write_report
from storage import load_run
write_report(load_run(database=Path(sys.argv[1])), Path(sys.argv[2]))
wrong = {"sklearn", "numba", "prefect"} & {name.partition(".")[0] for name in sys.modules}
sys.exit(", ".join(wrong) or 0)
"""


class Forbidden:
    """Matrices that were not kept, and must not be fitted again."""

    def kept(self) -> None:
        return None

    def load(self) -> None:
        pytest.fail("a report fits nothing")


@pytest.fixture(scope="module")
def inputs() -> MapInputs:
    settings = MapSettings.model_validate(
        {
            "source": SMALL_MARKET,
            "window_days": 120,
            "universe": {"size": 16, "candidates": 19},
            "model": QUICK_MODEL,
        }
    )
    assert isinstance(settings.source, SimulatedSettings)
    market, day = Simulated(settings.source), settings.source.end
    listing = market.listing(day, 19)
    sources = pd.Series(market.name, index=list(listing["asset_id"]), dtype="str")
    prices = market.all_prices(day)
    return MapInputs("demo", day, settings, market.name, listing, prices, sources)


@pytest.fixture(scope="module")
def run(inputs: MapInputs) -> MapRun:
    return compute_run(inputs)


def without_matrices(run: MapRun) -> MapRun:
    return replace(run, structure=replace(run.structure, matrix_source=Forbidden()))


def test_correlations_that_were_not_kept_are_computed_to_the_same_digits(run: MapRun) -> None:
    kept, computed = matrices_of(run), matrices_of(without_matrices(run))
    pd.testing.assert_frame_equal(kept.correlation, computed.correlation, check_exact=True)
    assert (kept.prices_changed, computed.prices_changed) == (False, False)
    assert kept.weak is not None
    assert computed.weak is None


def test_a_page_says_what_was_not_kept_and_draws_the_rest(run: MapRun) -> None:
    whole, rest = render(keep(run)), render(keep(without_matrices(run)))
    sentence = "the matrices of this day were not kept, and a report does not fit the model again"
    assert sentence not in whole
    assert sentence in rest
    assert PRICES_CHANGED not in rest
    weak = len(matrices_of(run).weak)
    assert f"{weak:,} are too weak for an edge" in whole
    assert f"{weak:,} are too weak for an edge" in rest


def test_prices_that_have_changed_since_are_a_doubt(run: MapRun) -> None:
    closes = run.universe.closes.copy()
    closes.iloc[40:, 0] *= 1.5
    later = replace(without_matrices(run), universe=replace(run.universe, closes=closes))
    assert matrices_of(later).prices_changed
    assert PRICES_CHANGED.replace("'", "&#39;") in render(keep(later))


@pytest.mark.parametrize("missing", [False, True])
def test_drawing_a_stored_run_imports_no_model(
    inputs: MapInputs, run: MapRun, tmp_path: Path, missing: bool
) -> None:
    database = tmp_path / "work.duckdb"
    with Database.open(database) as opened:
        opened.upsert_prices(inputs.source, inputs.prices)
        opened.save_run(run)
    if missing:
        (file,) = (tmp_path / "matrices").iterdir()
        file.unlink()
    drawn = [sys.executable, "-c", DRAW, str(database), str(tmp_path / "page.html")]
    done = subprocess.run(drawn, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert ("a report does not fit the model again" in page) is missing


def test_the_correlation_of_an_asset_with_itself_is_one(run: MapRun) -> None:
    diagonal = np.diag(matrices_of(without_matrices(run)).correlation)
    np.testing.assert_allclose(diagonal, 1.0, rtol=1e-12)
