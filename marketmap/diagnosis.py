"""The figures by which a fit is judged: see :class:`marketmap.Diagnostics`."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.precision.fit import PrecisionFit
from marketmap.structure import Diagnostics

_Matrix = npt.NDArray[np.float64]


def diagnose(
    returns: pd.DataFrame, n_filled: int, correlations: pd.DataFrame, fit: PrecisionFit
) -> Diagnostics:
    """Return what there is to know about a fit.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_assets)
        What it was fitted to.
    n_filled : int
        How many of them were missing.
    correlations : DataFrame of shape (n_assets, n_assets)
    fit : PrecisionFit
    """
    eigenvalues = np.linalg.eigvalsh(fit.precision)
    matrix = correlations.to_numpy()
    pairs = matrix[np.triu_indices(len(matrix), k=1)]
    shares = explained_shares(matrix, fit)
    dated = isinstance(returns.index, pd.DatetimeIndex)
    return Diagnostics(
        n_assets=returns.shape[1],
        n_days=returns.shape[0],
        window_start=returns.index[0].date() if dated else None,
        window_end=returns.index[-1].date() if dated else None,
        n_filled=n_filled,
        mean_correlation=float(pairs.mean()),
        alpha=fit.alpha,
        failed_fits=int((~np.isfinite(fit.cv_scores["mean_score"])).sum()),
        converged=fit.converged,
        n_iter=fit.n_iter,
        duality_gap=fit.duality_gap,
        condition_number=float(eigenvalues[-1] / eigenvalues[0]),
        mean_square_correlation=float((pairs**2).mean()),
        explained=float(shares.max()),
        most_explained=int(shares.argmax()),
    )


def explained_shares(correlations: _Matrix, fit: PrecisionFit) -> _Matrix:
    """Return the share of each asset's variance that the others explain, of shape (n_assets,).

    In the model, by all others: 1 - 1 / (covariance_ii precision_ii), one minus the inverse of the
    variance inflation factor. Or in the returns, by the one that is most alike, where that is more:
    a large penalty hides a copy from the model.
    """
    by_all = 1.0 - 1.0 / (np.diag(fit.covariance) * np.diag(fit.precision))
    others = correlations - np.eye(len(correlations))
    shares: _Matrix = np.maximum(by_all, (others**2).max(axis=1))
    return shares
