"""The graphical lasso as scikit-learn estimators, true to the optimum and fast.

They stand in for scikit-learn's: parameters, learned attributes and ``score`` are the same.
Different are, on purpose:

- A fit that says it has converged has a true duality gap within ``tol``; ``dual_gap_`` and
  ``converged_`` tell. No covariance matrix of returns makes a fit fail.
- ``covariance_`` is the inverse of ``precision_``, to rounding error.
- The search for the penalty goes where the score is highest instead of over a fixed grid.
- A fold's score is that of ``GraphicalLasso(alpha).fit(train).score(test)``: left-out days are
  scored round the mean of the days that were fitted, and ``assume_centered`` counts in every fold.
- ``fit`` can start from a previous fit, such as yesterday's.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import sklearn.covariance
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import check_is_fitted

from marketmap.errors import FitError
from marketmap.precision.checks import checked, moments, penalties, symmetric
from marketmap.precision.climb import Climb
from marketmap.precision.compiling import compile_once
from marketmap.precision.folds import FEW, CrossValidation, Fold, Visit
from marketmap.precision.memory import Memory
from marketmap.precision.problem import Matrix, Problem, Solution, Vector
from marketmap.precision.threads import fold_threads, one_blas_thread

_FINEST = 0.02
"""The finest grid of penalties, in log(alpha); closer ones score the same but for noise."""


class GraphicalLasso(sklearn.covariance.GraphicalLasso):  # type: ignore[misc]
    """A sparse inverse covariance at a given penalty.

    Minimises ``-logdet(T) + tr(S T) + alpha * ||T||_1`` over positive definite T, the norm being
    taken off the diagonal (Friedman, Hastie and Tibshirani, "Sparse inverse covariance estimation
    with the graphical lasso", Biostatistics 9, 2008, equation 2).

    Parameters
    ----------
    alpha : float, default=0.01
        The penalty; 0 gives the inverse covariance, where there is one.
    mode : {"cd"}
        Taken for scikit-learn's sake; there is no other solver here.
    covariance : {None, "precomputed"}
        "precomputed" says that ``fit`` is given a covariance matrix.
    tol : float, default=1e-4
        The duality gap at which a fit has converged.
    enet_tol : float
        Taken at its default for scikit-learn's sake: the inner regressions are solved exactly.
    max_iter : int, default=100
        Sweeps over all assets after which to stop in any case.
    verbose : bool, default=False
        Whether to print the objective and the duality gap.
    eps : float
        Taken at its default for scikit-learn's sake.
    assume_centered : bool, default=False
        Whether the assets' means are 0 and need not be taken off.

    Attributes
    ----------
    covariance_, precision_ : ndarray of shape (n_assets, n_assets)
        Inverses of each other.
    location_ : ndarray of shape (n_assets,)
    dual_gap_ : float
        How far the objective may be from its minimum, at most.
    converged_ : bool
        Whether ``dual_gap_`` is within ``tol``.
    costs_ : list of (float, float)
        The objective and the duality gap at each check, of the best fit seen so far.
    n_iter_ : int
        Sweeps over all assets.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_assets,)
        Where ``fit`` was given a table whose columns have names.

    Examples
    --------
    >>> returns = np.random.default_rng(0).normal(size=(200, 5))
    >>> bool(GraphicalLasso(alpha=0.5).fit(returns).converged_)
    True
    """

    def fit(self, X: Any, y: object = None, *, previous: Any = None) -> Self:  # noqa: ARG002
        """Fit the precision matrix.

        Parameters
        ----------
        X : array-like of shape (n_days, n_assets)
            Returns; with ``covariance="precomputed"`` a covariance matrix of shape (n_assets,
            n_assets).
        y : ignored
        previous : GraphicalLasso or GraphicalLassoCV, optional
            A fit to start from, of these assets or of some of them, such as yesterday's.

        Raises
        ------
        DataError
            A column holds NaN or infinities or never moves; the message names it.
        FitError
            There is no solution, or none was found; the message tells why.
        """
        X, names = checked(self, X)
        if self.covariance == "precomputed":
            covariance, location = symmetric(X, names), np.zeros(X.shape[1])
        else:
            covariance, location = moments(X, names, "X", centered=self.assume_centered)
        compile_once()
        problem = Problem(covariance, names, "X")
        memory = _recall(previous, names, problem)
        start = None if memory is None else memory.solution
        solution = problem.solve(self.alpha, self.tol, self.max_iter, start)
        _learn(self, problem, solution, location, Memory(names, solution, [[solution]]))
        return self


def graphical_lasso(
    emp_cov: npt.ArrayLike,
    alpha: float,
    *,
    mode: str = "cd",
    tol: float = 1e-4,
    enet_tol: float = 1e-4,
    max_iter: int = 100,
    verbose: bool = False,
    return_costs: bool = False,
    eps: float = float(np.finfo(np.float64).eps),
    return_n_iter: bool = False,
) -> tuple[Any, ...]:
    """Fit a sparse precision matrix to a covariance matrix.

    Parameters
    ----------
    emp_cov : array-like of shape (n_assets, n_assets)
        A covariance matrix.
    alpha, mode, tol, enet_tol, max_iter, verbose, eps
        As in :class:`GraphicalLasso`.
    return_costs, return_n_iter : bool
        Whether to give these as well.

    Returns
    -------
    covariance, precision : ndarray of shape (n_assets, n_assets)
    costs : list of (float, float)
        Where asked for.
    n_iter : int
        Where asked for.

    Raises
    ------
    DataError, FitError
        See :meth:`GraphicalLasso.fit`.
    """
    model = GraphicalLasso(
        alpha,
        mode=mode,
        covariance="precomputed",
        tol=tol,
        enet_tol=enet_tol,
        max_iter=max_iter,
        verbose=verbose,
        eps=eps,
    ).fit(emp_cov)
    asked = ((model.costs_, return_costs), (model.n_iter_, return_n_iter))
    return model.covariance_, model.precision_, *(value for value, wanted in asked if wanted)


class GraphicalLassoCV(sklearn.covariance.GraphicalLassoCV):  # type: ignore[misc]
    """A sparse inverse covariance whose penalty is chosen by cross-validation.

    :mod:`marketmap.precision.climb` tells how the penalty is found. A fit of the cross-validation
    may stop at a duality gap of 5e-6 an asset (1e-7 with fewer than 30), which moves the penalty by
    a few hundredths in log(alpha) at most; the final fit stops at ``tol``.

    A fitted model keeps four solutions a fold for a later fit to start from, eight matrices.

    Parameters
    ----------
    alphas : int or sequence of float, default=4
        With ``n_refinements``, how fine the grid of penalties is: as scikit-learn's last one of so
        many points, but not finer than 0.02 in log(alpha). Few of its points are visited. A
        sequence gives the penalties to try, and no others.
    n_refinements : int, default=4
        See ``alphas``.
    cv : int, splitter or iterable, default=None
        How the days are split; None and numbers stand for contiguous blocks, 5 by default.
    n_jobs : int, default=None
        Folds that are fitted at the same time, in threads; None is as many as there are cores
        where that pays. It does not change the result.
    tol, enet_tol, max_iter, mode, verbose, eps, assume_centered
        As in :class:`GraphicalLasso`. ``verbose`` also prints every penalty that is tried.

    Attributes
    ----------
    alpha_ : float
        The penalty at which the scores peak: where the parabola through the best of the grid and
        its neighbours is highest. Of penalties that were given, the best; of equally good ones the
        smallest. After a start from a previous fit it is not itself in ``cv_results_``.
    cv_results_ : dict of ndarray of shape (n_alphas,)
        ``alphas`` by falling penalty, ``mean_test_score``, ``std_test_score``, and for each fold k
        ``split{k}_test_score`` (the mean log-likelihood of a left-out day, -inf where no solution
        was found), ``split{k}_dual_gap`` and ``split{k}_converged``. Unlike scikit-learn's it does
        not end with a penalty of 0, which is never chosen.
    covariance_, precision_, location_, dual_gap_, converged_, costs_, n_iter_
        Of the final fit to all days; as in :class:`GraphicalLasso`.
    n_features_in_, feature_names_in_
        As in :class:`GraphicalLasso`.

    Examples
    --------
    >>> returns = np.random.default_rng(0).normal(size=(200, 5))
    >>> GraphicalLassoCV().fit(returns).precision_.shape
    (5, 5)
    """

    def fit(self, X: Any, y: Any = None, *, previous: Any = None, **params: Any) -> Self:
        """Choose the penalty and fit the precision matrix.

        Parameters
        ----------
        X : array-like of shape (n_days, n_assets)
            Returns, the oldest first.
        y : ignored
        previous : GraphicalLasso or GraphicalLassoCV, optional
            A fit to start from, of these assets or of some of them, such as yesterday's. They
            are matched by name where both were given as tables, else by place. The search begins at
            the penalty that was chosen there.
        **params : dict
            For the splitter, with scikit-learn's metadata routing.

        Raises
        ------
        DataError
            A column holds NaN or infinities or never moves, be it only in the days that some fold
            is fitted to; the message names it.
        FitError
            There is no solution, or none was found; the message tells why.
        """
        if params and not sklearn.get_config()["enable_metadata_routing"]:
            raise ValueError(
                f"[{', '.join(params)}] are not expected by fit; "
                "sklearn.set_config(enable_metadata_routing=True) hands them to the splitter"
            )
        X, names = checked(self, X)
        covariance, location = moments(X, names, "X", centered=self.assume_centered)
        problem = Problem(covariance, names, "X")
        routed = process_routing(self, "fit", **params)
        splits = check_cv(self.cv).split(X, y, **routed.splitter.split)
        memory = _recall(previous, names, problem)
        start = None if memory is None else memory.solution
        chosen = start.alpha if start and isinstance(previous, GraphicalLassoCV) else None
        folds = list(self._folds(X, names, splits, memory))
        if not folds:
            raise ValueError("cv gives no splits; a generator gives its splits once only")
        compile_once()
        with one_blas_thread(), fold_threads(self.n_jobs, len(folds), X.shape[1]) as executor:
            scored = CrossValidation(folds, self.max_iter, executor, self._tell)
            alpha = self._choose(scored, problem, chosen, is_rugged=_is_rugged(*X.shape))
        start = start or folds[0].nearest(alpha)
        solution = problem.solve(alpha, self.tol, self.max_iter, start)
        left_behind = Memory(names, solution, [fold.solutions for fold in folds])
        _learn(self, problem, solution, location, left_behind)
        self.alpha_, self.cv_results_ = alpha, scored.results()
        scored.warn_if_unfinished()
        return self

    def _folds(
        self,
        X: Matrix,
        names: Sequence[object],
        splits: Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
        memory: Memory | None,
    ) -> Iterator[Fold]:
        for number, (train, test) in enumerate(splits):
            fitted, left_out = X[train], X[test]
            if not len(fitted) or not len(left_out):
                raise ValueError(
                    f"fold {number} fits {len(fitted)} days and leaves out {len(left_out)}; "
                    "expected at least one of each"
                )
            days = f"the days that fold {number} is fitted to"
            covariance, location = moments(fitted, names, days, centered=self.assume_centered)
            away = left_out - location
            known = () if memory is None else memory.of_fold(number)
            yield Fold(Problem(covariance, names, days), away.T @ away / len(away), known)

    def _choose(
        self, scored: CrossValidation, problem: Problem, chosen: float | None, *, is_rugged: bool
    ) -> float:
        """Visit penalties until the best is known, from the one that was chosen before."""
        largest = problem.largest_penalty
        if not isinstance(self.alphas, int | np.integer):
            for alpha in sorted(set(penalties(self.alphas)), reverse=True):
                scored.visit(alpha)
            alpha = scored.best.alpha
        elif largest == 0.0:
            alpha = problem.mean_variance  # any will do: there is nothing to join
            scored.visit(alpha)
        else:
            climb = Climb(
                scored, problem.mean_variance, self._spacing(), largest, is_rugged=is_rugged
            )
            if chosen is None:
                climb.from_above()
            else:
                climb.from_near(chosen)
            alpha = climb.close_in()
            if chosen is None and alpha not in {visit.alpha for visit in scored.visits}:
                scored.visit(alpha)  # for the record: its score is known well enough
            if climb.has_no_end:
                warnings.warn(
                    f"the score still rises at alpha = {alpha:.3g}, the smallest penalty that is "
                    "tried; leave out assets that are copies or sums of others, or give alphas",
                    ConvergenceWarning,
                    stacklevel=3,
                )
        if not math.isfinite(scored.best.score):
            raise FitError(
                f"no penalty of the {len(scored.visits)} tried has a solution in every fold; "
                "raise max_iter, give alphas as a list of larger penalties, or leave assets out"
            )
        return alpha

    def _spacing(self) -> float:
        """Return the spacing, in log(alpha), of the last grid that scikit-learn would make."""
        if self.alphas < 1:
            raise ValueError(f"alphas={self.alphas} must be at least 1")
        n_alphas, n_grids = min(max(self.alphas, 2), 1000), min(self.n_refinements, 1000)
        narrowing = (2.0 / (n_alphas + 1)) ** (n_grids - 1)
        return float(max(math.log(100.0) / (n_alphas - 1) * narrowing, _FINEST))

    def _tell(self, visit: Visit) -> None:
        if self.verbose:
            print(
                f"[GraphicalLassoCV] alpha {visit.alpha:.4g}: score {visit.score:.4f}, "
                f"largest duality gap {visit.dual_gaps.max():.1e}"
            )


def _is_rugged(n_days: int, n_assets: int) -> bool:
    """Return whether the score is likely to have several maxima."""
    return n_assets < FEW or n_days < 2 * n_assets


def _recall(previous: Any, names: list[object], problem: Problem) -> Memory | None:
    """Return what a previous fit left behind, in the order and the unit of these assets."""
    if previous is None:
        return None
    if not isinstance(previous, GraphicalLasso | GraphicalLassoCV):
        raise TypeError(
            "previous: expected a GraphicalLasso or GraphicalLassoCV of marketmap.precision, got "
            f"{type(previous).__module__}.{type(previous).__name__}"
        )
    check_is_fitted(previous, "_memory", msg="previous: this %(name)s is not fitted yet")
    memory: Memory = previous._memory
    # There is nothing in an inverse to start from.
    return None if memory.solution.alpha == 0.0 else memory.for_market(names, problem.deviation)


def _learn(
    estimator: Any, problem: Problem, solution: Solution, location: Vector, memory: Memory
) -> None:
    """Set what was learned by a final fit; warn where it did not converge."""
    if math.isinf(solution.dual_gap):
        raise FitError(problem.why_none(solution))
    estimator._memory = memory
    estimator.location_ = location
    estimator.covariance_ = solution.covariance()
    estimator.precision_ = solution.precision()
    estimator.costs_ = solution.costs
    estimator.n_iter_ = solution.n_iter
    estimator.dual_gap_ = solution.dual_gap
    estimator.converged_ = solution.converged
    if estimator.verbose:
        for cost, gap in solution.costs:
            print(f"[GraphicalLasso] objective {cost:.6g}, duality gap {gap:.1e}")
    if not solution.converged:
        warnings.warn(
            f"the graphical lasso did not converge: after {solution.n_iter} sweeps the duality "
            f"gap is {solution.dual_gap:.1e}, not {estimator.tol:.1e}; raise max_iter or alpha",
            ConvergenceWarning,
            stacklevel=3,
        )
