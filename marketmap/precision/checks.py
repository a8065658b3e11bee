"""What the estimators are given, checked; an error names the column that is wrong."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import validate_data

from marketmap.errors import DataError, refuse_columns
from marketmap.precision.problem import Matrix, Vector
from marketmap.returns import STILL

_WITHOUT_MEANING = {"mode": "cd", "enet_tol": 1e-4, "eps": float(np.finfo(np.float64).eps)}


def checked(estimator: Any, X: Any) -> tuple[Matrix, list[object]]:
    """Check an estimator's parameters and data; give the data and what its columns are called.

    Raises
    ------
    ValueError
        A parameter is out of bounds, or of no use here; there are too few assets or days.
    DataError
        A column holds NaN, infinities or dates, or has the name of another.
    """
    for name, default in _WITHOUT_MEANING.items():
        if getattr(estimator, name) != default:
            raise ValueError(
                f"{name}={getattr(estimator, name)!r} has no meaning for this solver, which "
                f"solves its regressions exactly; leave it at {default!r}"
            )
    estimator._validate_params()
    _check_table(X)
    X = validate_data(
        estimator,
        X,
        dtype=np.float64,
        order="C",  # so that the same numbers give the same digits
        ensure_all_finite=False,
        ensure_min_samples=2,
        ensure_min_features=2,
    )
    names = list(getattr(estimator, "feature_names_in_", range(X.shape[1])))
    refuse_columns("X", names, np.isnan(X).any(axis=0), "holds NaN; fill or leave out the gaps")
    refuse_columns("X", names, np.isinf(X).any(axis=0), "holds infinity (inf)")
    return X, names


def _check_table(X: Any) -> None:
    """Refuse what scikit-learn refuses without saying which column it is."""
    if isinstance(X, pd.DataFrame):
        names = list(X.columns)
        repeated = X.columns.duplicated()
        refuse_columns("X", names, repeated, "has the name of another; name each once")
        dates = [pd.api.types.is_datetime64_any_dtype(kind) for kind in X.dtypes]
        refuse_columns("X", names, np.array(dates, bool), "holds dates; make it the index")


def moments(
    X: Matrix, names: Sequence[object], what: str, *, centered: bool
) -> tuple[Matrix, Vector]:
    """Compute the covariance matrix (of maximum likelihood) and the means.

    Parameters
    ----------
    X : ndarray of shape (n_days, n_assets)
    names : sequence of length n_assets
    what : str
        What to call the days, in messages.
    centered : bool
        Whether the means are taken to be 0.

    Raises
    ------
    DataError
        A column never moves; the message names it.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # Problem refuses what is not finite
        means = np.zeros(X.shape[1]) if centered else X.mean(axis=0)
        deviations = X - means
        still = np.abs(deviations).max(axis=0) <= STILL * np.abs(X).max(axis=0)
        refuse_columns(what, names, still, "never moves, up to rounding; leave it out")
        return deviations.T @ deviations / len(X), means


def symmetric(covariance: Matrix, names: Sequence[object]) -> Matrix:
    """Check that a matrix can be a covariance matrix, and take rounding out of its symmetry.

    Raises
    ------
    DataError
        It is not square or not symmetric.
    """
    if covariance.shape[0] != covariance.shape[1]:
        raise DataError(f"X: expected a square covariance matrix, got shape {covariance.shape}")
    scale = np.sqrt(np.abs(np.diag(covariance)))
    skew: npt.NDArray[np.bool_] = np.any(
        np.abs(covariance - covariance.T) > 1e-8 * np.outer(scale, scale), axis=0
    )
    refuse_columns("X", names, skew, "is not the transpose of its row")
    with np.errstate(over="ignore"):  # Problem refuses what is not finite
        return (covariance + covariance.T) / 2.0


def penalties(alphas: Sequence[Any]) -> list[float]:
    """Check a sequence of penalties.

    Raises
    ------
    TypeError, ValueError
        One is no number, or not above 0.
    """
    if np.ndim(alphas) != 1 or not len(alphas):
        raise ValueError(f"alphas={alphas!r}: expected a number, or a list of penalties")
    for alpha in alphas:
        if not isinstance(alpha, Real):
            raise TypeError(f"alpha={alpha!r} must be an instance of float, got {type(alpha)}")
        if not 0.0 < float(alpha) < np.inf:
            raise ValueError(f"alpha={alpha!r} must be > 0 and finite")
    return [float(alpha) for alpha in alphas]
