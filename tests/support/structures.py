"""Structures made by hand, whose edges and clusters a test can tell by looking."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.clustering.affinity import AffinityPropagation
from marketmap.graphs.partial_correlation import edge_graph, partial_correlations
from marketmap.structure import Clustering, Diagnostics, Layout, MarketStructure, Matrices

Edge = tuple[int, int, float]


def make_structure(
    clusters: Sequence[int],
    edges: Sequence[Edge],
    symbols: Sequence[str] | None = None,
    threshold: float = 0.02,
    settled: bool = True,
    exemplars: bool = True,
    **diagnostics: object,
) -> MarketStructure:
    """Make a structure from clusters and partial correlations.

    Each cluster's first asset is its exemplar. Assets are
    called ``id0``, ``id1``, ...; ``settled`` is whether affinity propagation was,
    ``exemplars`` whether there are any; ``diagnostics``
    replaces some of an untroubled fit.
    """
    n_assets = len(clusters)
    ids = pd.Index([f"id{i}" for i in range(n_assets)], name="asset_id", dtype="str")
    precision = np.eye(n_assets)
    for a, b, partial in edges:
        precision[a, b] = precision[b, a] = -partial
    covariance = np.linalg.inv(precision)
    scale = np.sqrt(np.diag(covariance))
    names = list(symbols or [f"S{i}" for i in range(n_assets)])
    labels = pd.DataFrame(
        {"symbol": names, "name": [f"{name} Inc." for name in names]}, index=ids, dtype="str"
    )
    cluster = pd.Series(list(clusters), index=ids, name="cluster")
    firsts = cluster[~cluster.duplicated() & (cluster > 0)]
    centres = pd.Series(firsts.index, index=pd.Index(firsts, name="cluster"), name="exemplar")
    clustering = Clustering(
        name="affinity_propagation",
        labels=cluster,
        exemplars=centres if exemplars else None,
        diagnostics={"converged": settled, "n_iter": 80},
    )
    matrices = Matrices(
        correlation=pd.DataFrame(covariance / np.outer(scale, scale), index=ids, columns=ids),
        covariance=pd.DataFrame(covariance, index=ids, columns=ids),
        precision=pd.DataFrame(precision, index=ids, columns=ids),
    )
    turn = np.arange(n_assets)
    space = pd.DataFrame({"x": np.cos(turn), "y": np.sin(turn), "z": turn / n_assets}, index=ids)
    layouts = [
        Layout("lle_2d", space[["x", "y"]], {"error": 0.01}),
        Layout("lle_3d", space, {"error": 0.02}),
    ]
    graph = edge_graph(partial_correlations(matrices.precision), threshold)
    return MarketStructure(
        labels=labels,
        clusterings={clustering.name: clustering},
        layouts={layout.name: layout for layout in layouts},
        graphs={graph.name: graph},
        cv_scores=pd.DataFrame(
            {"alpha": [0.1, 0.2, 0.4], "mean_score": [-9.0, -8.0, -8.5], "std_score": [0.3] * 3}
        ),
        diagnostics=_untroubled(n_assets, diagnostics),
        matrix_source=matrices,
    )


def _untroubled(n_assets: int, others: dict[str, object]) -> Diagnostics:
    return Diagnostics(
        **{  # type: ignore[arg-type]
            "n_assets": n_assets,
            "n_days": 100,
            "window_start": date(2025, 9, 23),
            "window_end": date(2025, 12, 31),
            "n_filled": 0,
            "mean_correlation": 0.1,
            "alpha": 0.2,
            "failed_fits": 0,
            "converged": True,
            "n_iter": 7,
            "duality_gap": 1e-5,
            "condition_number": 12.0,
            **others,
        }
    )


def weak_partials(structure: MarketStructure) -> npt.NDArray[np.float64]:
    """Return the partial correlations that are neither zero nor edges."""
    partial = structure.partial_correlation.to_numpy()[np.triu_indices(len(structure.labels), k=1)]
    return partial[(partial != 0) & (np.abs(partial) <= structure.edge_threshold)]


def without_structure(structure: MarketStructure) -> MarketStructure:
    """Return what is found where no asset has to do with any other: no group and no edge."""
    ids, graph = structure.labels.index, next(iter(structure.graphs.values()))
    alone = pd.DataFrame(np.eye(len(ids)), index=ids, columns=ids)
    found = AffinityPropagation().fit(alone).clustering_
    return replace(
        structure,
        clusterings={found.name: found},
        graphs={graph.name: replace(graph, edges=graph.edges.iloc[:0])},
    )
