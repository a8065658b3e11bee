import numpy as np
import plotly.graph_objects as go
import pytest

from marketmap.structure import MarketStructure
from reports.figures.histogram import PairCounts, count_pairs, histogram
from tests.support.structures import make_structure, weak_partials


def test_zeros_and_weak_pairs_are_told_apart_from_edges(structure: MarketStructure) -> None:
    assert count_pairs(structure) == PairCounts(zero=5, weak=1, positive=3, negative=1)
    assert count_pairs(structure).total == 10


def test_bars_hold_every_pair_that_is_not_zero(structure: MarketStructure) -> None:
    bars = histogram(structure, weak_partials(structure))["data"]

    assert [sum(bar["y"]) for bar in bars] == [1, 1, 3]
    go.Figure(histogram(structure, weak_partials(structure)))


def test_no_bar_lies_across_zero(structure: MarketStructure) -> None:
    for bar in histogram(structure, weak_partials(structure))["data"]:
        assert all(abs(middle) >= bar["width"] / 2 - 1e-9 for middle in bar["x"])


def test_each_pair_stands_in_the_bar_of_its_value() -> None:
    structure = make_structure([1, 1, 1], [(0, 1, 0.1045), (1, 2, 0.0515)])
    bars = histogram(structure, weak_partials(structure))["data"]

    found = [x for x, count in zip(bars[0]["x"], bars[0]["y"], strict=True) for _ in range(count)]
    assert found == pytest.approx([0.0515, 0.1045], abs=bars[0]["width"] / 2)


def test_a_market_without_any_edge_has_no_bars() -> None:
    assert histogram(make_structure([1, 1, 1], []), np.array([]))["data"] == []


def test_where_weak_pairs_were_not_kept_the_edges_are_drawn_alone(
    structure: MarketStructure,
) -> None:
    bars = histogram(structure, None)["data"]

    assert [sum(bar["y"]) for bar in bars] == [1, 3]
