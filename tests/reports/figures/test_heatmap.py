import numpy as np
import plotly.graph_objects as go
import pytest

from marketmap.structure import MarketStructure
from reports.figures.heatmap import colour_scale, heatmap, hierarchy
from tests.support.structures import make_structure


def test_the_two_most_alike_assets_are_joined_first() -> None:
    correlation = np.array([[1.0, 0.1, 0.9], [0.1, 1.0, 0.2], [0.9, 0.2, 1.0]])

    joined = hierarchy(correlation)

    assert sorted(joined[0, :2]) == [0, 2]
    assert joined[0, 2] == pytest.approx(np.sqrt(2 * (1 - 0.9)))
    assert joined[1, 2] == pytest.approx((np.sqrt(1.8) + np.sqrt(1.6)) / 2)


def test_cells_hold_the_correlations_in_the_order_of_the_names(structure: MarketStructure) -> None:
    figure = heatmap(structure, structure.correlation)
    names = figure["layout"]["yaxis"]["ticktext"]
    places = [int(name.removeprefix("S")) for name in names]
    correlation = structure.correlation.to_numpy()

    assert sorted(places) == [0, 1, 2, 3, 4]
    for row, i in enumerate(places):
        for column, j in enumerate(places):
            cell = figure["data"][0]["z"][row][column]
            assert cell == (None if i == j else round(float(correlation[i, j]), 3))
    assert figure["layout"]["xaxis"]["ticktext"] == names
    go.Figure(figure)


def test_the_tree_ends_at_the_middle_of_every_column(structure: MarketStructure) -> None:
    tree = heatmap(structure, structure.correlation)["data"][1]
    leaves = {x for x, y in zip(tree["x"], tree["y"], strict=True) if y == 0}

    assert leaves == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert tree["yaxis"] == "y2"


def test_the_strip_shows_each_rows_cluster(structure: MarketStructure) -> None:
    figure = heatmap(structure, structure.correlation)
    clusters = {f"S{i}": c for i, c in enumerate(structure.assets["cluster"])}

    assert figure["data"][2]["hovertext"] == [
        f"cluster {clusters[name]} of the map" for name in figure["layout"]["yaxis"]["ticktext"]
    ]


def test_names_are_escaped_and_repeated_symbols_keep_their_rows() -> None:
    structure = make_structure([1, 1, 1], [(0, 1, 0.5)], symbols=["<b>", "TWIN", "TWIN"])

    names = heatmap(structure, structure.correlation)["layout"]["yaxis"]["ticktext"]

    assert sorted(names) == ["&lt;b&gt;", "TWIN (id1)", "TWIN (id2)"]


def test_zero_is_white_and_both_signs_have_their_colour() -> None:
    assert colour_scale(-1.0, 1.0) == [
        (0.0, "#7f0000"),
        (0.166667, "#e34a33"),
        (0.333333, "#fdbb84"),
        (0.5, "#ffffff"),
        (0.625, "#c6dbef"),
        (0.75, "#6baed6"),
        (0.875, "#2171b5"),
        (1.0, "#08306b"),
    ]


def test_a_market_without_negative_correlations_needs_no_red() -> None:
    scale = colour_scale(0.25, 1.0)

    assert scale[0] == (0.0, "#c6dbef")
    assert scale[-1] == (1.0, "#08306b")


def test_two_assets_are_enough() -> None:
    structure = make_structure([1, 1], [(0, 1, 0.5)])
    assert heatmap(structure, structure.correlation)["data"][0]["z"] == [
        [None, 0.5],
        [0.5, None],
    ]
