"""A sparse precision matrix by the graphical lasso, its penalty chosen by cross-validation.

Two solvers can be chosen from: the project's own, and scikit-learn's as a reference.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from marketmap.errors import FitError
from marketmap.settings import PrecisionSettings

Matrix = npt.NDArray[np.float64]

ENET_TOL = 1e-7
"""Tolerance of scikit-learn's inner regressions; with its own, larger one fits seldom converge."""


@dataclass(frozen=True, eq=False)
class PrecisionFit:
    """A fitted precision matrix, and what there is to know about the fit.

    Attributes
    ----------
    covariance, precision : ndarray of shape (n_assets, n_assets)
    alpha : float
        The penalty that cross-validation chose.
    cv_scores : DataFrame of shape (n_alphas, 3)
        ``alpha``, ``mean_score`` and ``std_score``, by rising alpha: the mean log-likelihood of a
        left-out day. -inf where a fit failed.
    n_iter : int
    duality_gap : float
    converged : bool
        Whether the duality gap is within the tolerance.
    """

    covariance: Matrix
    precision: Matrix
    alpha: float
    cv_scores: pd.DataFrame
    n_iter: int
    duality_gap: float
    converged: bool


def fit_precision(returns: pd.DataFrame | Matrix, settings: PrecisionSettings) -> PrecisionFit:
    """Fit a sparse precision matrix to standardised returns.

    Parameters
    ----------
    returns : DataFrame or ndarray of shape (n_days, n_assets)
        Each column with mean 0 and variance 1. Columns that are named by text are called so in
        messages.
    settings : PrecisionSettings

    Raises
    ------
    DataError
        An asset never moves in the days that some fold is fitted to; the message names it.
    FitError
        The solver found no solution.
    """
    return fit_model(make_model(settings), returns)


def fit_model(model: Any, returns: pd.DataFrame | Matrix) -> PrecisionFit:
    """Fit an estimator of :func:`make_model`'s kind to standardised returns.

    Parameters
    ----------
    model : GraphicalLassoCV
        This project's or scikit-learn's.
    returns : DataFrame or ndarray of shape (n_days, n_assets)
        As in :func:`fit_precision`, which tells the errors.
    """
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # What they say is kept in the fit: failed grid points, the gap, the iterations.
            warnings.simplefilter("ignore", category=ConvergenceWarning)
            warnings.simplefilter("ignore", category=RuntimeWarning)
            model.fit(returns)
    except (FloatingPointError, np.linalg.LinAlgError, ValueError) as error:
        if not type(model).__module__.startswith("sklearn."):  # our errors say what is wrong
            raise
        raise FitError(
            f"scikit-learn's graphical lasso found no solution for {returns.shape[1]} assets and "
            f"{returns.shape[0]} days ({error}); give model.precision.alphas as a list of larger "
            "penalties, or set model.precision.method to marketmap"
        ) from error
    duality_gap = float(model.costs_[-1][1])
    if not (np.isfinite(model.precision_).all() and np.isfinite(model.covariance_).all()):
        raise FitError(f"the graphical lasso diverged at alpha = {float(model.alpha_):.4g}")
    return PrecisionFit(
        covariance=_symmetric(model.covariance_),
        precision=_symmetric(model.precision_),
        alpha=float(model.alpha_),
        cv_scores=_cv_scores(model.cv_results_),
        n_iter=int(model.n_iter_),
        duality_gap=duality_gap,
        converged=abs(duality_gap) <= model.tol,
    )


def make_model(settings: PrecisionSettings) -> Any:
    """Make the estimator that the settings name."""
    options = {
        "alphas": settings.alphas if isinstance(settings.alphas, int) else list(settings.alphas),
        "n_refinements": settings.refinements,
        "cv": settings.folds,
        "tol": settings.tol,
        "max_iter": settings.max_iter,
        "assume_centered": True,
    }
    if settings.method == "scikit-learn":
        from sklearn.covariance import GraphicalLassoCV as Reference

        return Reference(**options, enet_tol=settings.enet_tol or ENET_TOL)
    from marketmap.precision.estimators import GraphicalLassoCV

    return GraphicalLassoCV(**options)


def _symmetric(matrix: Matrix) -> Matrix:
    """Take the rounding error out of the symmetry."""
    return (matrix + matrix.T) / 2.0


def _cv_scores(results: dict[str, Matrix]) -> pd.DataFrame:
    scores = pd.DataFrame(
        {
            "alpha": results["alphas"],
            "mean_score": results["mean_test_score"],
            "std_score": results["std_test_score"],
        }
    ).astype("float64")
    # scikit-learn adds a penalty of 0, for the empirical covariance; it is never chosen.
    scores = scores[scores["alpha"] > 0]
    scores["std_score"] = scores["std_score"].where(np.isfinite(scores["mean_score"]))
    return scores.sort_values("alpha", ignore_index=True)
