"""Positions on a map: assets that move alike lie close to each other.

Locally linear embedding (Roweis and Saul, "Nonlinear dimensionality reduction by locally linear
embedding", Science 290, 2000): each asset is written as a mix of its nearest neighbours, and the
map keeps those mixes. Two and three dimensions are embedded each for itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.manifold import LocallyLinearEmbedding

from marketmap.errors import NotEnoughDataError
from marketmap.settings import EmbeddingSettings


@dataclass(frozen=True, eq=False)
class Embedding:
    """Positions of assets.

    Attributes
    ----------
    positions : ndarray of shape (n_assets, n_dimensions)
    error : float
        The reconstruction error: 0 when every asset is the same mix of its neighbours on the map.
    """

    positions: npt.NDArray[np.float64]
    error: float


def embed(
    returns: npt.NDArray[np.float64], n_dimensions: int, settings: EmbeddingSettings
) -> Embedding:
    """Lay assets out in a plane or in space.

    Parameters
    ----------
    returns : ndarray of shape (n_days, n_assets)
        Standardised.
    n_dimensions : {2, 3}
    settings : EmbeddingSettings

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
    return Embedding(_upright(positions), float(model.reconstruction_error_))


def _upright(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Choose each axis' direction, which an eigenvector leaves open: its longest arm points up."""
    longest = positions[np.abs(positions).argmax(axis=0), np.arange(positions.shape[1])]
    return positions * np.where(longest < 0, -1.0, 1.0)
