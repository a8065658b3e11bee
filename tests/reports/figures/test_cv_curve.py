from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from marketmap.structure import MarketStructure
from reports.figures.cv_curve import cv_curve


def test_scores_stand_over_their_penalties_and_the_chosen_one_is_marked(
    structure: MarketStructure,
) -> None:
    figure = cv_curve(structure)

    (scores,) = figure["data"]
    assert scores["x"] == [0.1, 0.2, 0.4]
    assert scores["y"] == [-9.0, -8.0, -8.5]
    assert scores["error_y"]["array"] == [0.3, 0.3, 0.3]
    assert figure["layout"]["shapes"][0]["x0"] == 0.2
    assert figure["layout"]["annotations"][0]["x"] == pytest.approx(np.log10(0.2))
    go.Figure(figure)


def test_failed_fits_are_shown_apart(structure: MarketStructure) -> None:
    scores = structure.cv_scores.assign(mean_score=[-np.inf, -8.0, np.nan])

    fitted, failed = cv_curve(replace(structure, cv_scores=scores))["data"]

    assert fitted["x"] == [0.2]
    assert failed["x"] == [0.1, 0.4]
    assert failed["yaxis"] == "y2"


def test_a_single_penalty_is_drawn(structure: MarketStructure) -> None:
    assert cv_curve(replace(structure, cv_scores=structure.cv_scores.iloc[1:2]))["data"][0][
        "x"
    ] == [0.2]


def test_no_penalty_at_all_is_not_marked(structure: MarketStructure) -> None:
    none = replace(structure, diagnostics=replace(structure.diagnostics, alpha=0.0))

    assert "shapes" not in cv_curve(none)["layout"]
