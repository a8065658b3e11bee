"""Affinity propagation: groups round exemplars, their number found and not given.

Frey and Dueck, "Clustering by passing messages between data points", Science 315, 2007.
"""

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.cluster import affinity_propagation
from sklearn.exceptions import ConvergenceWarning

from marketmap.clustering.base import Clustering
from marketmap.errors import FitError
from marketmap.settings import ClusteringSettings

NAME = "affinity_propagation"


def cluster_by_affinity(similarity: pd.DataFrame, settings: ClusteringSettings) -> Clustering:
    """Group assets by their similarity.

    Parameters
    ----------
    similarity : DataFrame of shape (n_assets, n_assets), labelled by asset_id
        Larger is more alike; here the fitted covariance of standardised returns.
    settings : ClusteringSettings

    Returns
    -------
    Clustering
        Of equally large clusters, the one whose first asset comes first has the smaller number.
        Its diagnostics: ``converged`` (whether the exemplars stayed the same for
        ``convergence_iter`` iterations) and ``n_iter``.

    Raises
    ------
    FitError
        No exemplar was found.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exemplars, labels, n_iter = affinity_propagation(
            similarity.to_numpy(),
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
    number, order = _by_size(np.asarray(labels), len(exemplars))
    ids = similarity.index
    numbers = pd.RangeIndex(1, len(order) + 1, name="cluster")
    return Clustering(
        name=NAME,
        labels=pd.Series(number[labels], index=ids, name="cluster"),
        exemplars=pd.Series(ids[exemplars[order]], index=numbers, name="exemplar", dtype="str"),
        diagnostics={"converged": converged, "n_iter": int(n_iter)},
    )


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
