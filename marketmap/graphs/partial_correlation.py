"""The market as a graph: assets joined where they move together with all others held still."""

import networkx as nx
import numpy as np
import pandas as pd


def partial_correlations(precision: pd.DataFrame) -> pd.DataFrame:
    """Scale a precision matrix to partial correlations, with their true sign.

    The partial correlation of i and j given all others is ``-T_ij / sqrt(T_ii T_jj)`` (Lauritzen,
    "Graphical Models", 1996, section 5.1.3). The diagonal is set to 1.

    Parameters
    ----------
    precision : DataFrame of shape (n_assets, n_assets)

    Returns
    -------
    DataFrame of shape (n_assets, n_assets)
        Between -1 and 1.
    """
    scale = 1.0 / np.sqrt(np.diag(precision))
    partial = -precision.to_numpy() * np.outer(scale, scale) + 0.0  # + 0.0: no negative zeros
    np.fill_diagonal(partial, 1.0)
    return pd.DataFrame(partial, index=precision.index, columns=precision.columns)


def strongest_edges(partial: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """List the pairs whose partial correlation is larger than a threshold in size.

    Returns
    -------
    DataFrame
        ``asset_id_a``, ``asset_id_b`` (a comes before b in the matrix) and
        ``partial_correlation``; the strongest first, equally strong ones in the matrix' order.
    """
    rows, columns = np.triu_indices(len(partial), k=1)
    weights = partial.to_numpy()[rows, columns]
    chosen = np.flatnonzero(np.abs(weights) > threshold)
    chosen = chosen[np.argsort(-np.abs(weights[chosen]), kind="stable")]
    return pd.DataFrame(
        {
            "asset_id_a": partial.index[rows[chosen]],
            "asset_id_b": partial.index[columns[chosen]],
            "partial_correlation": weights[chosen],
        }
    )


def build_graph(assets: pd.DataFrame, edges: pd.DataFrame) -> "nx.Graph[str]":
    """Build the graph of a market.

    Parameters
    ----------
    assets : DataFrame of shape (n_assets, 4), indexed by asset_id
        ``symbol``, ``name``, ``cluster`` and ``is_exemplar`` become attributes of the nodes.
    edges : DataFrame
        As :func:`strongest_edges` gives them.

    Returns
    -------
    Graph
        Nodes also carry ``degree`` (edges), ``strength`` (the sum of their weights),
        ``betweenness`` (share of shortest paths that lead through, the length of an edge being
        1 / weight) and ``pagerank``. Edges carry ``partial_correlation``, ``weight`` (its size),
        ``length``, ``sign`` (1 or -1) and ``within_cluster``.
    """
    graph: nx.Graph[str] = nx.Graph()
    attributes = assets[["symbol", "name", "cluster", "is_exemplar"]].astype("object")
    for asset_id, values in attributes.to_dict(orient="index").items():
        graph.add_node(str(asset_id), **{str(key): value for key, value in values.items()})
    cluster = assets["cluster"].to_dict()
    for a, b, partial in edges.itertuples(index=False, name=None):
        graph.add_edge(
            a,
            b,
            partial_correlation=partial,
            weight=abs(partial),
            length=1.0 / abs(partial),
            sign=1 if partial > 0 else -1,
            within_cluster=cluster[a] == cluster[b],
        )
    nx.set_node_attributes(graph, dict(graph.degree()), "degree")
    nx.set_node_attributes(graph, dict(graph.degree(weight="weight")), "strength")
    betweenness = nx.betweenness_centrality(graph, weight="length")
    nx.set_node_attributes(graph, betweenness, "betweenness")
    nx.set_node_attributes(graph, nx.pagerank(graph, weight="weight"), "pagerank")
    return graph
