from datetime import date

import pandas as pd
import pytest

from marketmap.errors import StorageError
from marketmap.run import MapInputs, MapRun
from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure, Matrices
from marketmap.universe.select import Universe
from tests.support.runs import listing_of, make_recovery, make_run, raw_prices
from tests.support.structures import make_structure

EDGES = [(0, 1, 0.4), (2, 3, -0.3)]


def test_a_structure_shows_what_it_says_by_symbol() -> None:
    structure = make_structure([1, 1, 1, 2, 2], EDGES)
    assert repr(structure).splitlines() == [
        "MarketStructure: 5 assets, 100 days, 2025-09-23 to 2025-12-31",
        "  clusters    2 (S0: 3, S3: 2)",
        "  edges       2 of 10 pairs above 0.02",
        "  strongest   S0 - S1 +0.40",
        "  penalty     0.2, converged, duality gap 1.0e-05",
        "  correlation 0.10 on average",
        "  layouts     lle_2d, lle_3d",
    ]


def test_undated_and_filled_returns_and_a_fit_that_did_not_converge_are_said() -> None:
    shown = repr(
        make_structure([1, 1], [], window_start=None, window_end=None, n_filled=3, converged=False)
    )
    assert "2 assets, 100 days\n" in shown
    assert "filled      3 missing returns" in shown
    assert "NOT converged" in shown
    assert "strongest" not in shown


def test_noise_and_clusters_without_exemplars_are_counted() -> None:
    shown = repr(make_structure([0, 1, 1, 1, 2, 2], [], exemplars=False))
    assert "2 (1: 3, 2: 2, 1 in none)" in shown


def test_no_market_takes_more_than_ten_lines_of_a_screen() -> None:
    symbols = [f"{'LONG' * 20}\n{i}" for i in range(40)]
    shown = repr(make_structure(list(range(1, 41)), EDGES, symbols=symbols, n_filled=1))
    assert "40 (LONGLON…: 1, " in shown
    assert "35 more" in shown
    assert len(shown.splitlines()) <= 10
    assert max(map(len, shown.splitlines())) <= 110


class Gone:
    """Matrices that were not kept and cannot be fitted."""

    def kept(self) -> Matrices | None:
        return None

    def load(self) -> Matrices:
        raise StorageError("fitted")


def test_showing_a_structure_fits_nothing() -> None:
    structure = make_structure([1, 1, 2], [(0, 1, 0.4)])
    bare = MarketStructure(
        structure.labels,
        structure.clusterings,
        structure.layouts,
        structure.graphs,
        structure.cv_scores,
        structure.diagnostics,
        Gone(),
    )
    with pytest.raises(StorageError):
        _ = bare.matrices
    assert repr(bare) == repr(structure)


def test_a_run_shows_its_map_day_and_id_in_a_line() -> None:
    structure = make_structure([1, 1, 2], [])
    empty = pd.DataFrame()
    run = MapRun(
        map="demo",
        as_of=date(2025, 12, 31),
        settings=MapSettings.model_validate({"source": {"kind": "simulated"}}),
        source="simulated",
        universe=Universe(structure.assets, empty, empty, empty, empty, empty),
        structure=structure,
    )
    assert repr(run) == (
        "MapRun: demo on 2025-12-31, 3 assets of simulated in 2 clusters, run " + run.run_id
    )


def test_what_is_doubtful_is_said_first() -> None:
    structure = make_structure([1, 1, 2], EDGES[:1], mean_square_correlation=0.01, n_days=20)
    assert repr(structure).splitlines()[1] == (
        "  DOUBT       There is no structure to show; 20 days are few"
    )


def test_every_result_is_shown_in_a_line() -> None:
    run = make_run()
    structure, layout = run.structure, run.structure.layouts["lle_2d"]
    assert repr(structure.clusters) == (
        "Clustering(name='affinity_propagation', labels=Series of 8, exemplars=Series of 3, "
        "diagnostics={converged, n_iter})"
    )
    assert (
        repr(layout) == "Layout(name='lle_2d', positions=DataFrame of 8 x 2, diagnostics={error})"
    )
    inputs = MapInputs(
        run.map, run.as_of, run.settings, run.source, listing_of(run), raw_prices(run), pd.Series()
    )
    finding = make_recovery(run)
    graph = next(iter(structure.graphs.values()))
    for result in (structure.matrices, graph, run.universe, inputs, finding, run):
        shown = repr(result)
        assert shown.startswith(type(result).__name__)
        assert "\n" not in shown
        assert len(shown) < 300
