"""Positions on a map: assets that move alike lie close to each other.

Locally linear embedding (Roweis and Saul, "Nonlinear dimensionality reduction by locally linear
embedding", Science 290, 2000): each asset is written as a mix of its nearest neighbours, and the
map keeps those mixes. Two and three dimensions are embedded each for itself.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.manifold import LocallyLinearEmbedding

from marketmap.embedding.base import Layout
from marketmap.errors import NotEnoughDataError
from marketmap.settings import EmbeddingSettings


def embed(
    returns: npt.NDArray[np.float64],
    n_dimensions: int,
    ids: "pd.Index[str]",
    settings: EmbeddingSettings,
) -> Layout:
    """Lay assets out in a plane or in space.

    Parameters
    ----------
    returns : ndarray of shape (n_days, n_assets)
        Standardised.
    n_dimensions : {2, 3}
    ids : Index of length n_assets
    settings : EmbeddingSettings

    Returns
    -------
    Layout
        ``lle_2d`` or ``lle_3d``. Its diagnostic ``error`` is the reconstruction error: 0 when every
        asset is the same mix of its neighbours on the map as in the data.

    Raises
    ------
    NotEnoughDataError
        There are too few assets for so many neighbours or dimensions.
    """
    n_assets = returns.shape[1]
    needed = max(settings.neighbours, n_dimensions + 1) + 1
    if n_assets < needed:
        raise NotEnoughDataError(
            f"{n_assets} assets are too few for an embedding in {n_dimensions}D with "
            f"model.embedding.neighbours = {settings.neighbours}; expected at least {needed}"
        )
    model = LocallyLinearEmbedding(
        n_components=n_dimensions,
        n_neighbors=settings.neighbours,
        eigen_solver="dense",
        random_state=settings.seed,
    )
    positions = np.asarray(model.fit_transform(returns.T), dtype=np.float64)
    table = pd.DataFrame(_upright(positions), index=ids, columns=list("xyz"[:n_dimensions]))
    error = float(model.reconstruction_error_)
    return Layout(f"lle_{n_dimensions}d", table, {"error": error})


def _upright(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Choose each axis' direction, which an eigenvector leaves open: its longest arm points up."""
    longest = positions[np.abs(positions).argmax(axis=0), np.arange(positions.shape[1])]
    return positions * np.where(longest < 0, -1.0, 1.0)
