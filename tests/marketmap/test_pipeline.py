import pickle
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from marketmap.pipeline import compute_run
from marketmap.run import MapInputs, MapRun
from marketmap.settings import MapSettings, SimulatedSettings
from marketmap.sources.simulated import Simulated
from tests.conftest import ROOT

END = date(2025, 12, 31)


@pytest.fixture(scope="module")
def inputs() -> MapInputs:
    plan = SimulatedSettings(kind="simulated", n_assets=20, n_days=200)
    settings = MapSettings(source=plan, window_days=150)
    market = Simulated(plan)
    listing = market.listing(END, 30)
    ids = listing["asset_id"]
    sources = pd.Series(market.name, index=ids).mask(ids.to_numpy() == "sim-003", "another")
    return MapInputs(
        map="demo",
        as_of=END,
        settings=settings,
        source=market.name,
        listing=listing,
        prices=market.all_prices(END),
        price_sources=sources,
        notes=("made for a test",),
    )


@pytest.fixture(scope="module")
def run(inputs: MapInputs) -> MapRun:
    return compute_run(inputs)


def tables(run: MapRun) -> dict[str, pd.DataFrame]:
    structure, universe = run.structure, run.universe
    return {
        **{name: getattr(universe, name) for name in ("assets", "closes", "opens")},
        **{name: getattr(universe, name) for name in ("exclusions", "repairs")},
        **{name: getattr(structure, name) for name in ("correlation", "covariance", "precision")},
        **{name: getattr(structure, name) for name in ("assets", "edges", "cv_scores")},
        **{f"layout {name}": table for name, table in structure.positions.items()},
    }


def assert_equal(one: MapRun, two: MapRun) -> None:
    assert one.run_id == two.run_id
    assert one.notes == two.notes
    assert one.structure.diagnostics == two.structure.diagnostics
    assert one.structure.clusters.diagnostics == two.structure.clusters.diagnostics
    for name, table in tables(one).items():
        pd.testing.assert_frame_equal(table, tables(two)[name], check_exact=True, obj=name)


def test_a_run_holds_what_it_was_told_and_says_whose_prices_are_foreign(
    inputs: MapInputs, run: MapRun
) -> None:
    assert (run.map, run.as_of, run.settings) == ("demo", END, inputs.settings)
    assert run.universe.assets.loc["sim-003", "price_source"] == "another"
    assert run.notes[0] == "made for a test"
    assert "are those of another" in run.notes[1]


def test_another_process_gets_the_same_digits_from_pickled_inputs(
    inputs: MapInputs, run: MapRun, tmp_path: Path
) -> None:
    (tmp_path / "inputs").write_bytes(pickle.dumps(inputs))
    code = (
        "import pathlib, pickle, sys; from marketmap.pipeline import compute_run; "
        "folder = pathlib.Path(sys.argv[1]); "
        "run = compute_run(pickle.loads((folder / 'inputs').read_bytes())); "
        "(folder / 'run').write_bytes(pickle.dumps(run))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=True)
    assert_equal(pickle.loads((tmp_path / "run").read_bytes()), run)


def test_making_a_run_leaves_its_inputs_as_they_were(inputs: MapInputs, run: MapRun) -> None:
    before: dict[str, Any] = pickle.loads(pickle.dumps(vars(inputs)))
    assert_equal(compute_run(inputs), run)
    pd.testing.assert_frame_equal(inputs.listing, before["listing"])
    pd.testing.assert_frame_equal(inputs.prices, before["prices"])
    pd.testing.assert_series_equal(inputs.price_sources, before["price_sources"])
