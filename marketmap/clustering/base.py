"""What every clustering method takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import pandas as pd

from marketmap.printing import brief

NOISE = 0
"""The cluster of the assets that belong to none."""


@dataclass(frozen=True, eq=False)
class Clustering:
    """Groups of assets that one method found.

    Attributes
    ----------
    name : str
        The method, such as ``affinity_propagation``.
    labels : Series of int64, indexed by asset_id
        1 is the largest cluster; 0 is noise: the asset belongs to none.
    exemplars : Series of str, indexed by cluster, or None
        The asset id at the centre of each cluster; None where the method knows no such thing.
    diagnostics : mapping of str to number
        Such as ``converged`` and ``n_iter``; what each means, its method says.

    Examples
    --------
    >>> import pandas as pd
    >>> labels = pd.Series({"btc": 1, "eth": 1, "usdt": 0}, name="cluster")
    >>> found = Clustering("by_hand", labels, exemplars=None, diagnostics={})
    >>> found.n_clusters
    1
    """

    name: str
    labels: "pd.Series[int]"
    exemplars: "pd.Series[str] | None"
    diagnostics: Mapping[str, float]

    def __repr__(self) -> str:
        return brief(self)

    @property
    def n_clusters(self) -> int:
        """How many clusters there are; noise is none."""
        return int(self.labels[self.labels != NOISE].nunique())


class ClusteringMethod(Protocol):
    """A scikit-learn estimator that groups assets."""

    clustering_: Clustering

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Group assets by their similarity.

        Parameters
        ----------
        X : DataFrame of shape (n_assets, n_assets), labelled by asset_id
            Larger is more alike: the fitted covariance of standardised returns.
        y : ignored
        """
        ...
