import plotly.graph_objects as go
import pytest

from marketmap.structure import MarketStructure
from reports.figures.map_2d import map_2d
from reports.figures.map_3d import map_3d
from reports.figures.network import (
    WIDTHS,
    edge_table,
    edges_shown_first,
    hover_texts,
    label_priority,
)
from reports.styles import ACROSS, COLOURS
from tests.support.structures import make_structure

MINUS = "\N{MINUS SIGN}"


def test_edges_come_strongest_first_with_sign_colour_and_width(structure: MarketStructure) -> None:
    table = edge_table(structure)

    assert table[["a", "b"]].to_numpy().tolist() == [[0, 1], [0, 3], [2, 4], [1, 2]]
    assert table["strength"].tolist() == pytest.approx([0.5, 0.3, 0.21, 0.1])
    assert table["negative"].tolist() == [False, True, False, False]
    # Inside cluster 1 in its colour; between clusters grey.
    assert table["colour"].tolist() == [COLOURS[0], ACROSS, ACROSS, COLOURS[0]]
    # Fifths of the range up to 0.5.
    assert table["width"].tolist() == [4, 2, 2, 0]


def test_the_stronger_the_edge_the_wider_its_line(structure: MarketStructure) -> None:
    lines = [t for t in map_2d(structure)["data"] if t["meta"]["role"] == "edges"]
    width_of_rank = {r: t["line"]["width"] for t in lines for r in t["meta"]["rank"]}

    assert [width_of_rank[r] for r in range(4)] == [WIDTHS[4], WIDTHS[2], WIDTHS[2], WIDTHS[0]]
    assert sorted(width_of_rank) == list(range(len(structure.edges)))


def test_a_negative_edge_is_dashed(structure: MarketStructure) -> None:
    for figure in (map_2d(structure), map_3d(structure)):
        dashes = {
            rank: trace["line"]["dash"]
            for trace in figure["data"]
            if trace["meta"]["role"] == "edges"
            for rank in trace["meta"]["rank"]
        }
        assert dashes == {0: "solid", 1: "dash", 2: "solid", 3: "solid"}


def test_lines_in_space_carry_a_colour_for_each_edge(structure: MarketStructure) -> None:
    lines = [t for t in map_3d(structure)["data"] if t["meta"]["role"] == "edges"]
    colours = {
        r: c for t in lines for r, c in zip(t["meta"]["rank"], t["meta"]["colours"], strict=True)
    }

    assert colours == {0: COLOURS[0], 1: ACROSS, 2: ACROSS, 3: COLOURS[0]}


@pytest.mark.parametrize(("draw", "n_dimensions"), [(map_2d, 2), (map_3d, 3)])
def test_the_last_trace_has_every_asset_in_both_views(
    structure: MarketStructure, draw: object, n_dimensions: int
) -> None:
    figure = draw(structure)  # type: ignore[operator]
    points = figure["data"][-1]

    assert points["meta"]["role"] == "points"
    assert points["meta"]["labels"] == ["S0", "S1", "S2", "S3", "S4"]
    assert points["meta"]["cluster"] == [1, 1, 1, 2, 3]
    assert points["meta"]["exemplar"] == [True, False, False, True, True]
    for view in ("spread", "exact"):
        columns = points["meta"]["views"][view]
        assert [len(column) for column in columns] == [5] * n_dimensions
    go.Figure(figure)  # refuses what plotly does not know


def test_the_exact_view_is_the_embedding_itself(structure: MarketStructure) -> None:
    exact = map_2d(structure)["data"][-1]["meta"]["views"]["exact"]

    positions = structure.positions["lle_2d"]
    assert exact[0] == pytest.approx(positions["x"].to_list(), abs=1e-5)
    assert exact[1] == pytest.approx(positions["y"].to_list(), abs=1e-5)


def test_an_exemplar_is_larger_and_ringed(structure: MarketStructure) -> None:
    marker = map_2d(structure)["data"][-1]["marker"]

    assert marker["size"] == [15, 10, 10, 15, 15]
    assert marker["line"]["color"] == ["#000000", "#ffffff", "#ffffff", "#000000", "#000000"]


def test_shared_exemplars_are_labelled_first_then_the_most_connected(
    structure: MarketStructure,
) -> None:
    # Strengths: 0: 0.8, 1: 0.6, 2: 0.31, 3: 0.3, 4: 0.21. Only asset 0 stands for others.
    assert label_priority(structure) == [0, 1, 2, 3, 4]
    assert label_priority(make_structure([1, 1, 2], [(1, 2, 0.4)])) == [0, 1, 2]


def test_labels_go_by_the_strength_that_the_graph_would_have_without_making_it() -> None:
    edges = [(a, b, (-1) ** a / (1 + 3 * a + b)) for a in range(6) for b in range(a + 1, 6)]
    structure = make_structure([1, 1, 1, 2, 2, 2, 3], edges)
    found = label_priority(structure)
    assert "graph" not in vars(structure)
    strength = [data["strength"] for _, data in structure.graph.nodes(data=True)]
    centres = [*structure.assets["is_exemplar"].tolist()[:6], False]  # the last is alone
    expected = sorted(range(7), key=lambda place: (not centres[place], -strength[place]))
    assert found == expected


def test_hovering_tells_name_cluster_and_strongest_neighbours(structure: MarketStructure) -> None:
    texts = hover_texts(structure)

    assert texts[0] == (
        "<b>S0</b><br>S0 Inc.<br>Cluster 1, its exemplar<br>Strongest edges:"
        f"<br>  +0.500  S1<br>  {MINUS}0.300  S3"
    )
    assert texts[1].startswith("<b>S1</b><br>S1 Inc.<br>Cluster 1, of S0<br>")


def test_an_asset_without_edges_says_so() -> None:
    assert hover_texts(make_structure([1, 1], []))[1].endswith("No edges")


def test_hovering_escapes_names() -> None:
    texts = hover_texts(make_structure([1, 1], [(0, 1, 0.5)], symbols=["<b>", "<a href='x'>"]))

    assert texts[0] == (
        "<b>&lt;b&gt;</b><br>&lt;b&gt; Inc.<br>Cluster 1, its exemplar<br>Strongest edges:"
        "<br>  +0.500  &lt;a href='x'&gt;"
    )


def test_a_page_opens_with_few_edges() -> None:
    pairs = [(a, b, 0.05) for a in range(8) for b in range(a)]
    assert edges_shown_first(make_structure([1] * 8, pairs)) == 12
    assert edges_shown_first(make_structure([1] * 8, pairs[:5])) == 5


def test_a_map_without_edges_is_drawn() -> None:
    figure = map_2d(make_structure([1, 1, 2], []))

    assert [trace["meta"]["role"] for trace in figure["data"]] == ["points"]
