from dataclasses import replace

import pytest

from marketmap.structure import MarketStructure
from reports.sections.made import diagnostic_rows, setting_rows
from tests.support.runs import make_settings


def test_every_setting_is_listed_by_its_path() -> None:
    rows = dict(setting_rows(make_settings(threshold=0.03)))

    assert rows["model.graph.edge_threshold"] == "0.03"
    assert rows["source.kind"] == "coinmarketcap"
    assert rows["universe.candidates"] == "not set"
    assert rows["universe.excluded_assets"] == "none"
    assert {"gates.jump", "model.clustering.seed", "window_days", "returns"} <= rows.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Penalty alpha", "0.2"),
        ("Final fit converged", "yes, after 7 iterations"),
        ("Duality gap", "1.000e-05"),
        ("Condition number", "12"),
        ("Clusters settled", "yes, after 80 iterations"),
    ],
)
def test_the_fit_is_told_in_figures(structure: MarketStructure, name: str, value: str) -> None:
    assert {row[0]: row[1] for row in diagnostic_rows(structure)}[name] == value


@pytest.mark.parametrize(
    ("error", "shown"), [(-1.79e-16, "0"), (6e-17, "0"), (0.0, "0"), (0.0123, "0.0123")]
)
def test_an_error_that_rounding_left_of_zero_is_zero(
    structure: MarketStructure, error: float, shown: str
) -> None:
    layouts = {
        name: replace(layout, diagnostics={**layout.diagnostics, "error": error})
        for name, layout in structure.layouts.items()
    }
    rows = {row[0]: row[1] for row in diagnostic_rows(replace(structure, layouts=layouts))}
    assert rows["Embedding error"] == f"{shown} in 2D, {shown} in 3D"
