"""Matrices that were not kept, fitted again from the stored prices."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from marketmap.errors import MarketmapError, StorageError
from marketmap.settings import MapSettings
from marketmap.universe.select import Universe
from storage.runs.matrices import MATRICES

SAME = 1e-6
"""Partial correlations that differ by less are the same: less than a fit's own tolerance."""


def refit(
    row: Mapping[str, Any],
    settings: MapSettings,
    universe: Universe,
    edges: pd.DataFrame,
    ids: "pd.Index[str]",
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """Fit a run's matrices again.

    Parameters
    ----------
    row : mapping
        The run's row in ``store.runs``.
    settings : MapSettings
        The run's own.
    universe : Universe
        Its assets and prices, as they are stored now.
    edges : DataFrame
        The stored edges.
    ids : Index
        The assets in the order of the matrices.

    Returns
    -------
    tuple of (dict of str to DataFrame, tuple of str)
        ``correlation``, ``covariance`` and ``precision``, each of shape (n_assets, n_assets), and
        a sentence where they are not those that the run found.

    Raises
    ------
    StorageError
        The stored prices do not suffice any more.
    """
    from marketmap.pipeline import fit_universe  # what is kept is read without its libraries

    try:
        fitted = fit_universe(universe, settings)
    except MarketmapError as error:
        raise StorageError(
            f"map {row['map']} on {row['as_of']}: its matrices were not kept, and cannot be fitted "
            f"again from the stored prices: {error}"
        ) from None
    found = {name: getattr(fitted, name).loc[ids, ids] for name in MATRICES}
    n_other, largest = _differences(edges, fitted.edges)
    if not n_other:
        return found, ()
    doubt = (
        f"Its matrices were not kept and have been fitted again; {n_other} partial correlations "
        f"differ from those that were stored, by up to {largest:.2g}: prices have been revised, or "
        "libraries have changed."
    )
    return found, (doubt,)


def _differences(stored: pd.DataFrame, fitted: pd.DataFrame) -> tuple[int, float]:
    """Count the edges that differ, and tell by how much the worst does."""
    values = [_by_pair(edges) for edges in (stored, fitted)]
    gap = values[0].sub(values[1], fill_value=0.0).abs()
    return int((gap > SAME).sum()), float(np.max(gap.to_numpy(), initial=0.0))


def _by_pair(edges: pd.DataFrame) -> "pd.Series[float]":
    ends = np.sort(edges[["asset_id_a", "asset_id_b"]].to_numpy(dtype=object), axis=1)
    index = pd.MultiIndex.from_arrays([ends[:, 0], ends[:, 1]])
    return pd.Series(edges["partial_correlation"].to_numpy("float64"), index=index)
