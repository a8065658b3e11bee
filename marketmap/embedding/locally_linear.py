"""Positions on a map: assets that move alike lie close to each other.

Locally linear embedding (Roweis and Saul, "Nonlinear dimensionality reduction by locally linear
embedding", Science 290, 2000): each asset is written as a mix of its nearest neighbours, and the
map keeps those mixes. Two and three dimensions are embedded each for itself.
"""

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.manifold import LocallyLinearEmbedding

from marketmap.embedding.base import Layout
from marketmap.errors import NotEnoughDataError


class LocallyLinear(BaseEstimator):  # type: ignore[misc]
    """Locally linear embedding of assets, in a plane and in space.

    Parameters
    ----------
    neighbours : int, default=6
        Of how many others each asset is a mix.
    seed : int, default=0
    dimensions : sequence of {2, 3}, default=(2, 3)
        One layout is made for each.
    too_few : {"shrink", "raise"}, default="shrink"
        What to do with so few assets that they have not so many neighbours or dimensions: make do
        with those that there are, or raise an error.

    Attributes
    ----------
    layouts_ : list of Layout
        ``lle_2d`` and ``lle_3d``. Their diagnostic ``error`` is the reconstruction error: 0 when
        every asset is the same mix of its neighbours on the map as in the data. Where it had to
        make do with fewer, ``neighbours`` says with how many; an axis that there are too few
        assets for is 0.

    Examples
    --------
    >>> import numpy as np
    >>> returns = np.random.default_rng(0).normal(size=(100, 10))
    >>> plane, space = LocallyLinear().fit(returns).layouts_
    >>> plane.name, plane.positions.shape
    ('lle_2d', (10, 2))
    """

    def __init__(
        self,
        neighbours: int = 6,
        seed: int = 0,
        dimensions: Sequence[int] = (2, 3),
        too_few: Literal["shrink", "raise"] = "shrink",
    ) -> None:
        self.neighbours = neighbours
        self.seed = seed
        self.dimensions = dimensions
        self.too_few = too_few

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """Lay assets out.

        Parameters
        ----------
        X : DataFrame or array of shape (n_days, n_assets)
            Standardised returns without gaps.
        y : ignored

        Raises
        ------
        NotEnoughDataError
            There are too few assets for so many neighbours or dimensions, or there is only one.
        """
        if self.too_few not in ("shrink", "raise"):
            raise ValueError(f"too_few={self.too_few!r}: expected 'shrink' or 'raise'")
        returns = pd.DataFrame(X)
        self.layouts_ = [self._embed(returns, n) for n in self.dimensions]
        return self

    def _embed(self, returns: pd.DataFrame, n_dimensions: int) -> Layout:
        n_assets = returns.shape[1]
        needed = max(self.neighbours, n_dimensions + 1) + 1
        if n_assets < (needed if self.too_few == "raise" else 2):
            raise NotEnoughDataError(
                f"{n_assets} assets are too few for an embedding in {n_dimensions}D with "
                f"model.embedding.neighbours = {self.neighbours}; expected at least {needed}"
            )
        neighbours = min(self.neighbours, n_assets - 1)
        n_axes = min(n_dimensions, n_assets - 1)
        model = LocallyLinearEmbedding(
            n_components=n_axes,
            n_neighbors=neighbours,
            eigen_solver="dense",
            random_state=self.seed,
        )
        positions = np.asarray(model.fit_transform(returns.to_numpy().T), dtype=np.float64)
        axes = list("xyz"[:n_axes])
        table = pd.DataFrame(_upright(positions), index=returns.columns, columns=axes)
        table = table.reindex(columns=list("xyz"[:n_dimensions]), fill_value=0.0)
        diagnostics = {"error": float(model.reconstruction_error_)}
        if n_assets < needed:
            diagnostics["neighbours"] = neighbours
        return Layout(f"lle_{n_dimensions}d", table, diagnostics)


def _upright(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Choose each axis' direction, which an eigenvector leaves open: its longest arm points up."""
    longest = positions[np.abs(positions).argmax(axis=0), np.arange(positions.shape[1])]
    return positions * np.where(longest < 0, -1.0, 1.0)
