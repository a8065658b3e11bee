"""Affinity propagation: groups round exemplars, their number found and not given.

Frey and Dueck, "Clustering by passing messages between data points", Science 315, 2007.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.cluster import affinity_propagation
from sklearn.exceptions import ConvergenceWarning

from marketmap.errors import FitError
from marketmap.settings import ClusteringSettings


@dataclass(frozen=True, eq=False)
class Clustering:
    """Which cluster each asset belongs to.

    Attributes
    ----------
    labels : ndarray of shape (n_assets,)
        1 is the largest cluster; of equally large ones the one whose first asset comes first.
    exemplars : ndarray of shape (n_clusters,)
        The position of each cluster's exemplar, in the order of the labels.
    converged : bool
        Whether the exemplars stayed the same for ``convergence_iter`` iterations.
    n_iter : int
    """

    labels: npt.NDArray[np.int64]
    exemplars: npt.NDArray[np.int64]
    converged: bool
    n_iter: int


def cluster_by_affinity(
    similarity: npt.NDArray[np.float64], settings: ClusteringSettings
) -> Clustering:
    """Group assets by their similarity.

    Parameters
    ----------
    similarity : ndarray of shape (n_assets, n_assets)
        Larger is more alike; here the fitted covariance of standardised returns.
    settings : ClusteringSettings

    Raises
    ------
    FitError
        No exemplar was found.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exemplars, labels, n_iter = affinity_propagation(
            similarity,
            preference=None if settings.preference == "median" else settings.preference,
            damping=settings.damping,
            max_iter=settings.max_iter,
            convergence_iter=settings.convergence_iter,
            random_state=settings.seed,
            return_n_iter=True,
        )
    if len(exemplars) == 0:
        raise FitError(
            f"affinity propagation found no exemplar in {n_iter} iterations; raise "
            "model.clustering.damping or max_iter"
        )
    converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return _by_size(np.asarray(labels), np.asarray(exemplars), converged, int(n_iter))


def _by_size(
    labels: npt.NDArray[np.int64], exemplars: npt.NDArray[np.int64], converged: bool, n_iter: int
) -> Clustering:
    """Give the largest cluster number 1, and so on down."""
    sizes = np.bincount(labels, minlength=len(exemplars))
    firsts = np.array([np.argmax(labels == label) for label in range(len(exemplars))])
    order = np.lexsort((firsts, -sizes))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(1, len(order) + 1)
    return Clustering(number[labels], exemplars[order].astype(np.int64), converged, n_iter)
