"""Matrices that were not kept, fitted again from the stored prices."""

import numpy as np
import pandas as pd

from marketmap.errors import MarketmapError, StorageError
from marketmap.pipeline import fit_universe
from marketmap.settings import MapSettings
from marketmap.structure import Matrices
from marketmap.universe.select import Universe
from storage.runs.matrices import MATRICES

SAME = 1e-6
"""Partial correlations that differ by less are the same: less than a fit's own tolerance."""


def refit(
    what: str,
    settings: MapSettings,
    universe: Universe,
    edges: pd.DataFrame,
    asset_ids: "pd.Index[str]",
) -> tuple[Matrices, str | None]:
    """Fit a run's matrices again.

    Parameters
    ----------
    what : str
        The run, as messages name it.
    settings : MapSettings
        The run's own.
    universe : Universe
        Its assets and prices, as they are stored now.
    edges : DataFrame
        The stored edges.
    asset_ids : Index
        The assets in the order of the matrices.

    Returns
    -------
    tuple of (Matrices, str or None)
        The matrices, and a sentence where they are not those that the run found.

    Raises
    ------
    StorageError
        The stored prices do not suffice any more.
    """
    try:
        fitted = fit_universe(universe, settings)
    except MarketmapError as error:
        raise StorageError(
            f"{what}: its matrices were not kept, and cannot be fitted again from the stored "
            f"prices: {error}"
        ) from None
    ids = asset_ids
    found = Matrices(**{name: getattr(fitted, name).loc[ids, ids] for name in MATRICES})
    n_other, largest = _differences(edges, fitted.edges)
    if not n_other:
        return found, None
    return found, (
        f"Its matrices were not kept and have been fitted again; {n_other} partial correlations "
        f"differ from those that were stored, by up to {largest:.2g}: prices have been revised, or "
        "libraries have changed."
    )


def _differences(stored: pd.DataFrame, fitted: pd.DataFrame) -> tuple[int, float]:
    """Return how many edges differ, and by how much the worst does."""
    values = [_by_pair(edges) for edges in (stored, fitted)]
    gap = values[0].sub(values[1], fill_value=0.0).abs()
    return int((gap > SAME).sum()), float(np.max(gap.to_numpy(), initial=0.0))


def _by_pair(edges: pd.DataFrame) -> "pd.Series[float]":
    ends = np.sort(edges[["asset_id_a", "asset_id_b"]].to_numpy(dtype=object), axis=1)
    index = pd.MultiIndex.from_arrays([ends[:, 0], ends[:, 1]])
    return pd.Series(edges["partial_correlation"].to_numpy("float64"), index=index)
