"""The edges of a map as a NetworkX graph."""

import networkx as nx
import pandas as pd


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
