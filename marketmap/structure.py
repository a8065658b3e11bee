"""What a map says: groups, positions and edges of assets, by name, and the matrices behind them.

Plain values without any fitting; :mod:`marketmap.estimator` makes them and the storage room keeps
them. The first clustering, layout and graph are those that the map shows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

import networkx as nx
import pandas as pd

from marketmap.clustering.base import Clustering
from marketmap.embedding.base import Layout
from marketmap.graphs.base import Graph
from marketmap.graphs.network import build_graph
from marketmap.graphs.partial_correlation import partial_correlations
from marketmap.printing import brief
from marketmap.summary import summary

__all__ = [
    "Clustering",
    "Diagnostics",
    "Graph",
    "Layout",
    "MarketStructure",
    "Matrices",
    "MatrixSource",
]


@dataclass(frozen=True)
class Diagnostics:
    """How the model was fitted: what a reader needs in order to trust a map, or not to.

    Attributes
    ----------
    n_assets, n_days : int
        Shape of the returns.
    window_start, window_end : date or None
        First and last day that has a return; None where the returns have no dates.
    n_filled : int
        Returns that were missing and set to the asset's mean.
    mean_correlation : float
        Of all pairs of assets.
    alpha : float
        The penalty that cross-validation chose.
    failed_fits : int
        Grid points of the cross-validation whose score is -inf or NaN.
    converged : bool
        Whether the final fit reached its tolerance.
    n_iter : int
        Iterations of the final fit.
    duality_gap : float
        Of the final fit; how far it may be from the optimum.
    condition_number : float
        Of the precision matrix, in the 2-norm.
    mean_square_correlation : float
        Of all pairs of assets; by chance alone 1 / (n_days - 1). NaN in runs of earlier versions.
    explained : float
        The largest share of an asset's variance that others explain; near 1 the fit is close to
        singular. NaN in runs of earlier versions.
    most_explained : int
        Which asset that is: its place in ``labels``, from 0; -1 in runs of earlier versions.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> sectors = np.random.default_rng(0).normal(size=(300, 2)).repeat(4, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(300, 8))
    >>> structure = marketmap.MarketMap().fit(sectors + noise).structure_
    >>> structure.diagnostics.n_assets, structure.diagnostics.converged
    (8, True)
    """

    n_assets: int
    n_days: int
    window_start: date | None
    window_end: date | None
    n_filled: int
    mean_correlation: float
    alpha: float
    failed_fits: int
    converged: bool
    n_iter: int
    duality_gap: float
    condition_number: float
    mean_square_correlation: float = math.nan
    explained: float = math.nan
    most_explained: int = -1


class MatrixSource(Protocol):
    """Where the matrices of a structure come from, when somebody asks for them."""

    def kept(self) -> "Matrices | None":
        """Return the matrices if they are at hand without fitting anything, else None."""
        ...

    def load(self) -> "Matrices":
        """Return the matrices, fitted again where they were not kept."""
        ...


@dataclass(frozen=True, eq=False)
class Matrices:
    """The full matrices of a model, each of shape (n_assets, n_assets) and labelled by asset_id.

    Attributes
    ----------
    correlation : DataFrame
        Of the returns; missing ones count as the asset's mean.
    covariance : DataFrame
        The model's, of standardised returns.
    precision : DataFrame
        Its sparse inverse.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> sectors = np.random.default_rng(0).normal(size=(300, 2)).repeat(4, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(300, 8))
    >>> structure = marketmap.MarketMap().fit(sectors + noise).structure_
    >>> matrices = structure.matrices
    >>> np.allclose(matrices.covariance @ matrices.precision, np.eye(8))
    True
    """

    correlation: pd.DataFrame
    covariance: pd.DataFrame
    precision: pd.DataFrame

    def __repr__(self) -> str:
        return brief(self)

    def kept(self) -> "Matrices":
        """Return these matrices."""
        return self

    def load(self) -> "Matrices":
        """Return these matrices."""
        return self


@dataclass(frozen=True, eq=False)
class MarketStructure:
    """A market's structure over one window of returns.

    Attributes
    ----------
    labels : DataFrame of shape (n_assets, 2), indexed by asset_id
        ``symbol`` and ``name``.
    clusterings : mapping of str to Clustering
    layouts : mapping of str to Layout
    graphs : mapping of str to Graph
        By name; the first of each is the one on the map.
    cv_scores : DataFrame of shape (n_alphas, 3)
        ``alpha``, ``mean_score`` and ``std_score`` (log-likelihood per day, out of sample),
        by rising alpha; -inf where fits failed.
    diagnostics : Diagnostics
    matrix_source : MatrixSource
        Gives the matrices when they are asked for.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> sectors = np.random.default_rng(0).normal(size=(300, 2)).repeat(4, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(300, 8))
    >>> structure = marketmap.MarketMap().fit(sectors + noise).structure_
    >>> structure  # doctest: +ELLIPSIS
    MarketStructure: 8 assets, 300 days
      clusters    2 (3: 4, 5: 4)
      edges       14 of 28 pairs above 0.02
      strongest   5 - 7 +0.31
      penalty     0.04757, converged, duality gap ...
      correlation 0.21 on average
      layouts     lle_2d, lle_3d
    >>> structure.assets["cluster"].tolist()
    [1, 1, 1, 1, 2, 2, 2, 2]
    """

    labels: pd.DataFrame
    clusterings: Mapping[str, Clustering]
    layouts: Mapping[str, Layout]
    graphs: Mapping[str, Graph]
    cv_scores: pd.DataFrame
    diagnostics: Diagnostics
    matrix_source: MatrixSource

    def __repr__(self) -> str:
        return summary(self)

    @property
    def clusters(self) -> Clustering:
        """The clustering on the map."""
        return next(iter(self.clusterings.values()))

    @property
    def positions(self) -> dict[str, pd.DataFrame]:
        """The positions of every layout, by its name."""
        return {name: layout.positions for name, layout in self.layouts.items()}

    @property
    def edges(self) -> pd.DataFrame:
        """The edges on the map, strongest first: asset_id_a, asset_id_b, partial_correlation."""
        return self._graph_on_map.edges

    @property
    def edge_threshold(self) -> float:
        """Partial correlations whose size is at most this are no edges."""
        return float(self._graph_on_map.diagnostics["threshold"])

    @property
    def _graph_on_map(self) -> Graph:
        return next(iter(self.graphs.values()))

    @cached_property
    def assets(self) -> pd.DataFrame:
        """The assets with their cluster on the map; shape (n_assets, 4), indexed by asset_id.

        ``symbol``, ``name``, ``cluster`` (1 is the largest, 0 is noise) and ``is_exemplar``.
        """
        clusters = self.clusters
        exemplars = set() if clusters.exemplars is None else set(clusters.exemplars)
        return self.labels.assign(
            cluster=clusters.labels.reindex(self.labels.index),
            is_exemplar=self.labels.index.isin(exemplars),
        )

    @cached_property
    def graph(self) -> "nx.Graph[str]":
        """The edges as a graph; its attributes are those of ``build_graph``."""
        return build_graph(self.assets, self.edges)

    @cached_property
    def kept_matrices(self) -> Matrices | None:
        """The matrices if they are at hand without fitting anything, else None."""
        return self.matrix_source.kept()

    @cached_property
    def matrices(self) -> Matrices:
        """The full matrices; fitted again, which takes seconds, where they were not kept."""
        return self.matrix_source.load()

    @property
    def correlation(self) -> pd.DataFrame:
        """Of the returns; shape (n_assets, n_assets)."""
        return self.matrices.correlation

    @property
    def covariance(self) -> pd.DataFrame:
        """The model's, of standardised returns; shape (n_assets, n_assets)."""
        return self.matrices.covariance

    @property
    def precision(self) -> pd.DataFrame:
        """The covariance's sparse inverse; shape (n_assets, n_assets)."""
        return self.matrices.precision

    @cached_property
    def partial_correlation(self) -> pd.DataFrame:
        """Minus the scaled precision, with ones on the diagonal; shape (n_assets, n_assets)."""
        return partial_correlations(self.precision)
