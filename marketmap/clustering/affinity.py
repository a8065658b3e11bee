"""Affinity propagation: groups round exemplars, their number found and not given.

Frey and Dueck, "Clustering by passing messages between data points", Science 315, 2007.
"""

import warnings
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import affinity_propagation
from sklearn.exceptions import ConvergenceWarning

from marketmap.clustering.base import NOISE, Clustering
from marketmap.errors import FitError

NAME = "affinity_propagation"

ROUNDING = 1e-10
"""Share of the largest similarity below which a difference is rounding error."""


class AffinityPropagation(BaseEstimator):  # type: ignore[misc]
    """Affinity propagation on a similarity matrix, its clusters numbered from the largest.

    Parameters
    ----------
    preference : float or "median", default="median"
        A higher one makes more clusters; "median" is the median similarity.
    damping : float, default=0.9
        From 0.5 to below 1.
    max_iter : int, default=2000
    convergence_iter : int, default=50
        Iterations without a change of exemplars after which it has converged.
    seed : int, default=0

    Attributes
    ----------
    labels_ : ndarray of shape (n_assets,)
        1 is the largest cluster; 0 is noise: an asset that is like no other belongs to no group.
        Where all assets are equally alike there are no groups, and all are noise.
    clustering_ : Clustering
        Of equally large clusters, the one whose first asset comes first has the smaller number.
        Its diagnostics: ``converged`` (whether the exemplars stayed the same for
        ``convergence_iter`` iterations) and ``n_iter``.

    Examples
    --------
    >>> import numpy as np
    >>> similarity = np.kron(np.eye(2), np.full((3, 3), 0.8)) + 0.1
    >>> AffinityPropagation().fit(similarity).labels_
    array([1, 1, 1, 2, 2, 2])
    >>> AffinityPropagation().fit(np.eye(4)).labels_
    array([0, 0, 0, 0])
    """

    def __init__(
        self,
        preference: float | Literal["median"] = "median",
        damping: float = 0.9,
        max_iter: int = 2000,
        convergence_iter: int = 50,
        seed: int = 0,
    ) -> None:
        self.preference = preference
        self.damping = damping
        self.max_iter = max_iter
        self.convergence_iter = convergence_iter
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """Group assets by their similarity.

        Parameters
        ----------
        X : DataFrame or array of shape (n_assets, n_assets)
            Larger is more alike.
        y : ignored

        Raises
        ------
        FitError
            No exemplar was found.
        """
        similarity = pd.DataFrame(X)
        grouped = _like_others(similarity.to_numpy())
        rest = similarity.to_numpy()[np.ix_(grouped, grouped)]
        self.labels_: npt.NDArray[np.int64] = np.full(len(similarity), NOISE, dtype=np.int64)
        exemplars, converged, n_iter = np.empty(0, dtype=np.intp), True, 0
        if not _equally_alike(rest):
            self.labels_[grouped], exemplars, converged, n_iter = self._groups(rest)
        elif not grouped.all():  # like each other, and like no other
            self.labels_[grouped], exemplars = 1, np.zeros(min(len(rest), 1), dtype=np.intp)
        ids = similarity.index
        numbers = pd.RangeIndex(1, len(exemplars) + 1, name="cluster")
        centres = ids[grouped][exemplars].astype("str")
        self.clustering_ = Clustering(
            name=NAME,
            labels=pd.Series(self.labels_, index=ids, name="cluster"),
            exemplars=pd.Series(centres, index=numbers, name="exemplar", dtype="str"),
            diagnostics={"converged": converged, "n_iter": n_iter},
        )
        return self

    def _groups(
        self, similarity: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp], bool, int]:
        """Return each asset's cluster, each cluster's exemplar, and how it went."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            exemplars, labels, n_iter = affinity_propagation(
                similarity,
                preference=None if self.preference == "median" else self.preference,
                damping=self.damping,
                max_iter=self.max_iter,
                convergence_iter=self.convergence_iter,
                random_state=self.seed,
                return_n_iter=True,
            )
        if len(exemplars) == 0:
            raise FitError(
                f"affinity propagation found no exemplar in {n_iter} iterations; raise "
                "model.clustering.damping or max_iter"
            )
        converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        number, order = _by_size(np.asarray(labels), len(exemplars))
        return number[labels], exemplars[order], converged, int(n_iter)


def _like_others(similarity: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which assets are like any other at all.

    scikit-learn's implementation puts the rest into groups by the noise that it adds against ties.
    """
    between = similarity - np.diag(np.diag(similarity))
    size = np.abs(between)
    liked: npt.NDArray[np.bool_] = size.max(axis=1) > ROUNDING * np.abs(similarity).max()
    return liked


def _equally_alike(similarity: npt.NDArray[np.float64]) -> bool:
    """Return whether all pairs are: then scikit-learn's puts all assets into one group."""
    pairs = similarity[~np.eye(len(similarity), dtype=bool)]
    return pairs.size == 0 or bool(np.ptp(pairs) <= ROUNDING * np.abs(similarity).max())


def _by_size(
    labels: npt.NDArray[np.int64], n_clusters: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Give the largest cluster number 1, and so on down; also return the old labels in order."""
    sizes = np.bincount(labels, minlength=n_clusters)
    firsts = np.array([np.argmax(labels == label) for label in range(n_clusters)])
    order = np.lexsort((firsts, -sizes))
    number = np.empty(n_clusters, dtype=np.int64)
    number[order] = np.arange(1, n_clusters + 1)
    return number, order
