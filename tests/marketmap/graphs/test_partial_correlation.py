import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketmap.graphs.network import build_graph
from marketmap.graphs.partial_correlation import (
    edge_graph,
    partial_correlations,
    strongest_edges,
)

IDS = pd.Index(["1", "2", "3"], name="asset_id")
# Assets 1 and 2 move together, 2 and 3 against each other, 1 and 3 have no link of their own.
PRECISION = pd.DataFrame(
    [[4.0, -1.0, 0.0], [-1.0, 1.0, 0.5], [0.0, 0.5, 1.0]], index=IDS, columns=IDS
)


def test_partial_correlations_are_minus_the_scaled_precision() -> None:
    partial = partial_correlations(PRECISION)
    np.testing.assert_allclose(partial, [[1.0, 0.5, 0.0], [0.5, 1.0, -0.5], [0.0, -0.5, 1.0]])
    assert not np.signbit(partial.loc["1", "3"])


@given(st.integers(0, 2**32 - 1))
def test_partial_correlations_agree_with_regression_on_all_other_assets(seed: int) -> None:
    """The partial correlation of two assets is that of their residuals given the others."""
    factor = np.random.default_rng(seed).normal(size=(4, 4))
    covariance = factor @ factor.T + np.eye(4)
    partial = partial_correlations(pd.DataFrame(np.linalg.inv(covariance)))
    pair, rest = [0, 1], [2, 3]
    given_rest = covariance[np.ix_(pair, pair)] - covariance[np.ix_(pair, rest)] @ np.linalg.solve(
        covariance[np.ix_(rest, rest)], covariance[np.ix_(rest, pair)]
    )
    expected = given_rest[0, 1] / np.sqrt(given_rest[0, 0] * given_rest[1, 1])
    assert partial.iloc[0, 1] == pytest.approx(expected, abs=1e-9)


def test_edges_are_those_above_the_threshold_with_their_sign_strongest_first() -> None:
    partial = partial_correlations(PRECISION)
    partial.loc["1", "2"] = partial.loc["2", "1"] = 0.4
    edges = strongest_edges(partial, 0.1)
    assert edges.to_dict(orient="list") == {
        "asset_id_a": ["2", "1"],
        "asset_id_b": ["3", "2"],
        "partial_correlation": [-0.5, 0.4],
    }
    assert len(strongest_edges(partial, 0.4)) == 1
    graph = edge_graph(partial, 0.1)
    pd.testing.assert_frame_equal(graph.edges, edges)
    assert graph.diagnostics == {"threshold": 0.1, "n_pairs": 3, "n_zero": 1}


def test_nodes_and_edges_carry_what_a_reader_of_the_graph_needs() -> None:
    assets = pd.DataFrame(
        {
            "symbol": ["A", "B", "B"],  # two assets may share a symbol
            "name": ["Aa", "Bb", "Cc"],
            "cluster": [1, 1, 2],
            "is_exemplar": [True, False, True],
        },
        index=IDS,
    )
    graph = build_graph(assets, strongest_edges(partial_correlations(PRECISION), 0.1))
    assert sorted(graph.nodes) == ["1", "2", "3"]
    assert graph.nodes["2"]["degree"] == 2
    assert graph.nodes["2"]["strength"] == pytest.approx(1.0)
    assert graph.nodes["2"]["betweenness"] == 1.0
    assert sum(graph.nodes[node]["pagerank"] for node in graph) == pytest.approx(1.0)
    assert graph.nodes["1"]["symbol"] == "A"
    assert graph.nodes["1"]["is_exemplar"] is True
    assert graph.edges["1", "2"] == {
        "partial_correlation": pytest.approx(0.5),
        "weight": pytest.approx(0.5),
        "length": pytest.approx(2.0),
        "sign": 1,
        "within_cluster": True,
    }
    assert graph.edges["2", "3"]["sign"] == -1
    assert graph.edges["2", "3"]["within_cluster"] is False
    assert nx.is_connected(graph)


def test_an_asset_without_edges_is_still_on_the_graph() -> None:
    assets = pd.DataFrame(
        {"symbol": "A", "name": "A", "cluster": 1, "is_exemplar": False}, index=IDS
    )
    graph = build_graph(assets, strongest_edges(partial_correlations(PRECISION), 0.9))
    assert len(graph) == 3
    assert graph.number_of_edges() == 0
