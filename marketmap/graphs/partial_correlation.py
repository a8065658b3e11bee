"""The market as a graph: assets joined where they move together with all others held still."""

import numpy as np
import pandas as pd

from marketmap.graphs.base import Graph

NAME = "partial_correlation"


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

    Examples
    --------
    >>> precision = pd.DataFrame([[4.0, -1.0], [-1.0, 1.0]])
    >>> partial_correlations(precision).loc[0, 1].item()
    0.5
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


def edge_graph(partial: pd.DataFrame, threshold: float) -> Graph:
    """Return the graph of the pairs whose partial correlation is larger than a threshold in size.

    Its diagnostics: ``threshold``, ``n_pairs`` (all pairs of assets) and ``n_zero`` (those whose
    partial correlation is exactly zero).
    """
    edges = strongest_edges(partial, threshold)
    values = partial.to_numpy()[np.triu_indices(len(partial), k=1)]
    counts = {"n_pairs": len(values), "n_zero": int((values == 0).sum())}
    return Graph(NAME, edges, {"threshold": threshold, **counts})
