"""One graphical lasso: a covariance matrix, a penalty, and a start that is always feasible.

Everything is solved in the units of correlations, so that neither huge nor tiny returns lose
digits; :mod:`marketmap.precision.kernel` states the problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpotrf

from marketmap.errors import refuse_columns
from marketmap.precision import kernel

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

_SMALLEST = 1e-290
"""The smallest variance whose inverse, and a little more, is a number."""
_DEPENDENT = 1e-13
"""Share of a variance that is left unexplained by others, below which nothing is."""
_MOST_COSTS = 10_000
"""Checks of one fit that are kept."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What was found for one covariance matrix at one penalty.

    Attributes
    ----------
    alpha : float
        The penalty, or the largest that makes a difference.
    dual : ndarray of shape (n_assets, n_assets)
        The dual variables, in units of the covariance: from -alpha to alpha, 0 on the diagonal.
        With ``coefficients`` they are a start for another fit.
    coefficients : ndarray of shape (n_assets, n_assets)
        In each row the coefficients of one asset's lasso regression on the others.
    scaled_precision : ndarray of shape (n_assets, n_assets)
        Symmetric, sparse and positive definite; in the units of correlations.
    deviation : ndarray of shape (n_assets,)
        What leads back from there.
    logdet : float
        Of the precision matrix; -inf where no positive definite one was found.
    costs : list of (float, float)
        The objective and the duality gap, of the best seen by each check.
    n_iter : int
        Sweeps over all assets.
    dual_gap : float
        How far the objective may be from its minimum at most, up to rounding; inf where nothing
        was found.
    converged : bool
        Whether the duality gap is within the tolerance.
    """

    alpha: float
    dual: Matrix
    coefficients: Matrix
    scaled_precision: Matrix
    deviation: Vector
    logdet: float
    costs: list[tuple[float, float]]
    n_iter: int
    dual_gap: float
    converged: bool

    def precision(self) -> Matrix:
        """Compute the precision matrix, of shape (n_assets, n_assets)."""
        return self.scaled_precision / np.outer(self.deviation, self.deviation)

    def covariance(self) -> Matrix:
        """Compute the precision matrix' inverse, of shape (n_assets, n_assets)."""
        inverse = np.linalg.inv(self.scaled_precision)
        return (inverse + inverse.T) / 2.0 * np.outer(self.deviation, self.deviation)

    def as_start(self) -> "Solution":
        """Leave out what another fit does not start from."""
        return replace(self, scaled_precision=np.empty((0, 0)), costs=[])

    def reordered(self, places: npt.NDArray[np.int64]) -> "Solution":
        """Bring the start that this solution is into another order of assets.

        Parameters
        ----------
        places : ndarray of shape (n_other_assets,)
            Where each of the other assets is here; -1 where it is not.
        """
        if np.array_equal(places, np.arange(len(self.dual))):
            return self
        known = np.flatnonzero(places >= 0)
        there, here = np.ix_(known, known), np.ix_(places[known], places[known])
        dual, coefficients = np.zeros((2, len(places), len(places)))
        dual[there], coefficients[there] = self.dual[here], self.coefficients[here]
        return replace(self, dual=dual, coefficients=coefficients)

    def rescaled(self, unit: float) -> "Solution":
        """Bring the start that this solution is into another unit.

        Parameters
        ----------
        unit : float
            How many of the other are one of this.
        """
        with np.errstate(over="ignore"):
            dual = self.dual * unit * unit  # one after the other: the square may be no number
        alpha = min(max(self.alpha * unit * unit, _SMALLEST), 1.0 / _SMALLEST)
        return replace(self, alpha=alpha, dual=dual)


class Problem:
    """A covariance matrix to which graphical lassos of any penalty are fitted.

    Parameters
    ----------
    covariance : ndarray of shape (n_assets, n_assets)
    names : sequence of length n_assets
        What to call the assets in messages.
    what : str
        What to call the days, in messages.

    Attributes
    ----------
    correlation : ndarray of shape (n_assets, n_assets)
    deviation : ndarray of shape (n_assets,)
    largest_penalty : float
        The penalty from which on no two assets are joined.
    mean_variance : float

    Raises
    ------
    DataError
        An asset has no variance, and so no precision; the message names it.
    """

    def __init__(self, covariance: Matrix, names: Sequence[object], what: str) -> None:
        variance = np.diag(covariance)
        refuse_columns(what, names, variance < 0.0, "has a negative variance")
        small = variance < _SMALLEST
        refuse_columns(what, names, small, "never moves, or too little for numbers; leave it out")
        refuse_columns(what, names, ~np.isfinite(variance), "varies more than numbers can hold")
        self.deviation: Vector = np.sqrt(variance)
        scaled = covariance / self.deviation / self.deviation[:, None]
        self.correlation: Matrix = np.ascontiguousarray(scaled)
        np.fill_diagonal(self.correlation, 1.0)
        self._names, self._what = names, what
        self._logdet = 2.0 * float(np.log(self.deviation).sum())  # of the scales alone
        self.mean_variance = float(variance.mean())
        joint = np.abs(covariance)
        np.fill_diagonal(joint, 0.0)
        self.largest_penalty = float(joint.max(initial=0.0))

    def solve(
        self, alpha: float, tol: float, max_iter: int, start: Solution | None = None
    ) -> Solution:
        """Fit the precision matrix.

        Parameters
        ----------
        alpha : float
            The penalty.
        tol : float
            The duality gap at which to stop.
        max_iter : int
            Sweeps over all assets after which to stop in any case.
        start : Solution, optional
            At another penalty above 0, or of a similar covariance matrix.
        """
        if alpha == 0.0:
            return self._invert()
        if alpha >= self.largest_penalty:
            return self._separate()
        warm = None if start is None else self._solve(alpha, tol, max_iter, start)
        if warm is not None and warm.converged:
            return warm
        cold = self._solve(alpha, tol, max_iter, None)
        return cold if warm is None or cold.dual_gap <= warm.dual_gap else warm

    def _solve(self, alpha: float, tol: float, max_iter: int, start: Solution | None) -> Solution:
        # One type each, for which the kernel is compiled.
        alpha, tol, max_iter = float(alpha), float(tol), min(int(max_iter), np.iinfo(np.int32).max)
        n_assets = len(self.deviation)
        if start is None:
            share, dual, coefficients = 0.0, *np.zeros((2, n_assets, n_assets))
        else:
            share = min(1.0, alpha / start.alpha)
            dual, coefficients = start.dual.copy(), start.coefficients.copy()
        precision, costs = np.eye(n_assets), np.empty((min(max_iter + 1, _MOST_COSTS), 2))
        n_iter, n_checks, logdet, gap = kernel.solve(
            self.correlation,
            self.deviation,
            alpha,
            share,
            dual,
            coefficients,
            tol,
            max_iter,
            precision,
            costs,
        )
        return Solution(
            alpha=alpha,
            dual=dual,
            coefficients=coefficients,
            scaled_precision=precision,
            deviation=self.deviation,
            logdet=logdet - self._logdet,
            costs=[(cost + self._logdet, gap) for cost, gap in costs[:n_checks].tolist()],
            n_iter=n_iter,
            dual_gap=gap,
            converged=gap <= tol,
        )

    def why_none(self, solution: Solution) -> str:
        """Return a sentence that says why a solution holds no precision matrix."""
        lowest, *_, highest = np.linalg.eigvalsh(self.correlation)
        if lowest < -1e-8 * highest:
            return f"{self._what}: the covariance matrix has a negative eigenvalue, {lowest:.3g}"
        if solution.alpha == 0.0:
            column = self._names[int(np.argmin(_pivots(self.correlation)))]
            return (
                f"{self._what}: column {column!r} is a linear combination of others, so without a "
                "penalty there is no precision matrix; raise alpha above 0 or leave it out"
            )
        return (
            f"{self._what}: no precision matrix was found at alpha = {solution.alpha:.4g} in "
            f"{solution.n_iter} sweeps; raise alpha or max_iter"
        )

    def _separate(self) -> Solution:
        """Return the solution at a penalty that joins no two assets."""
        together = self.correlation * np.outer(self.deviation, self.deviation)
        np.fill_diagonal(together, 0.0)
        alpha = self.largest_penalty or self.mean_variance
        return self._exact(alpha, -together, np.eye(len(together)), -self._logdet)

    def _invert(self) -> Solution:
        """Return the solution without a penalty: the inverse covariance, where there is one."""
        nothing = np.zeros_like(self.correlation)
        pivots = _pivots(self.correlation)
        if not pivots.min() > _DEPENDENT:
            return self._exact(0.0, nothing, np.eye(len(nothing)), -np.inf)
        inverse = np.linalg.inv(self.correlation)
        logdet = -float(np.log(pivots).sum()) - self._logdet
        return self._exact(0.0, nothing, (inverse + inverse.T) / 2.0, logdet)

    def _exact(self, alpha: float, dual: Matrix, precision: Matrix, logdet: float) -> Solution:
        exists = logdet > -np.inf
        return Solution(
            alpha=alpha,
            dual=dual,
            coefficients=np.zeros_like(dual),
            scaled_precision=precision,
            deviation=self.deviation,
            logdet=logdet,
            costs=[(len(dual) - logdet, 0.0)] if exists else [],
            n_iter=0,
            dual_gap=0.0 if exists else np.inf,
            converged=exists,
        )


def _pivots(correlation: Matrix) -> Vector:
    """Return the share of each asset's variance that the assets before it do not explain."""
    factor, failed = dpotrf(correlation, lower=1, clean=1)
    pivots: Vector = np.diag(factor) ** 2
    if failed > 0:
        pivots[failed - 1 :] = np.append(0.0, np.ones(len(pivots) - failed))
    return pivots
