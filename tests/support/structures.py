"""Structures made by hand, whose edges and clusters a test can tell by looking."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from marketmap.structure import Diagnostics, MarketStructure

Edge = tuple[int, int, float]


def make_structure(
    clusters: Sequence[int],
    edges: Sequence[Edge],
    symbols: Sequence[str] | None = None,
    threshold: float = 0.02,
    **diagnostics: object,
) -> MarketStructure:
    """Make a structure from clusters and partial correlations.

    Each cluster's first asset is its exemplar. Assets are
    called ``id0``, ``id1``, ...; ``diagnostics`` replaces some of an untroubled fit.
    """
    n_assets = len(clusters)
    ids = pd.Index([f"id{i}" for i in range(n_assets)], name="asset_id", dtype="str")
    precision = np.eye(n_assets)
    for a, b, partial in edges:
        precision[a, b] = precision[b, a] = -partial
    covariance = np.linalg.inv(precision)
    scale = np.sqrt(np.diag(covariance))
    labels = list(symbols or [f"S{i}" for i in range(n_assets)])
    assets = pd.DataFrame(
        {
            "symbol": labels,
            "name": [f"{label} Inc." for label in labels],
            "cluster": list(clusters),
            "is_exemplar": ~pd.Series(clusters).duplicated().to_numpy(),
        },
        index=ids,
    )
    turn = np.arange(n_assets)
    return MarketStructure(
        assets=assets,
        correlation=pd.DataFrame(covariance / np.outer(scale, scale), index=ids, columns=ids),
        covariance=pd.DataFrame(covariance, index=ids, columns=ids),
        precision=pd.DataFrame(precision, index=ids, columns=ids),
        positions={
            "lle_2d": pd.DataFrame({"x": np.cos(turn), "y": np.sin(turn)}, index=ids),
            "lle_3d": pd.DataFrame(
                {"x": np.cos(turn), "y": np.sin(turn), "z": turn / n_assets}, index=ids
            ),
        },
        cv_scores=pd.DataFrame(
            {"alpha": [0.1, 0.2, 0.4], "mean_score": [-9.0, -8.0, -8.5], "std_score": [0.3] * 3}
        ),
        diagnostics=_untroubled(n_assets, len(set(clusters)), len(edges), diagnostics),
        edge_threshold=threshold,
    )


def _untroubled(
    n_assets: int, n_clusters: int, n_edges: int, others: dict[str, object]
) -> Diagnostics:
    return Diagnostics(
        **{  # type: ignore[arg-type]
            "n_assets": n_assets,
            "n_days": 100,
            "window_start": date(2025, 9, 23),
            "window_end": date(2025, 12, 31),
            "n_filled": 0,
            "alpha": 0.2,
            "failed_fits": 0,
            "converged": True,
            "n_iter": 7,
            "duality_gap": 1e-5,
            "condition_number": 12.0,
            "clusters_converged": True,
            "cluster_iterations": 80,
            "n_clusters": n_clusters,
            "n_edges": n_edges,
            "embedding_error_2d": 0.01,
            "embedding_error_3d": 0.02,
            **others,
        }
    )
