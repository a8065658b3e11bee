"""Cross-validation: penalties, each scored on the days that every fold leaves out."""

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning

from marketmap.precision.problem import Matrix, Problem, Solution

FEW = 30
"""With fewer assets the score is less smooth, and a fit costs little."""
GAP_PER_ASSET, GAP_PER_ASSET_OF_FEW = 5e-6, 1e-7
"""The duality gap, an asset, at which a fit of the cross-validation may stop."""
SAME = 0.005
"""Difference of log(alpha) up to which two penalties are the same."""
_KEPT = 4
"""Solutions that a fold keeps for fits to start from: they are large."""


class Fold:
    """One split of the days: a problem to fit, and days to score the fit on.

    Parameters
    ----------
    problem : Problem
        Of the days to fit.
    test_covariance : ndarray of shape (n_assets, n_assets)
        Of the left-out days, round the mean of the days to fit.
    solutions : sequence of Solution
        From where fits can start.
    """

    def __init__(
        self, problem: Problem, test_covariance: Matrix, solutions: Sequence[Solution] = ()
    ) -> None:
        self.problem = problem
        self.test_covariance = test_covariance
        self.solutions = list(solutions)

    def fit(self, alpha: float, max_iter: int) -> tuple[Solution, float]:
        """Fit at a penalty, from the nearest that is known; tell the score as well.

        The score is the mean log-likelihood of a left-out day, -inf where nothing was found.
        """
        n_assets = len(self.test_covariance)
        tol = n_assets * (GAP_PER_ASSET if n_assets >= FEW else GAP_PER_ASSET_OF_FEW)
        solution = self.problem.solve(alpha, tol, max_iter, self.nearest(alpha))
        distance = float(np.vdot(self.test_covariance, solution.precision()))
        return solution, (solution.logdet - distance - n_assets * math.log(2.0 * math.pi)) / 2.0

    def nearest(self, alpha: float) -> Solution | None:
        """Return the known solution from which it is the shortest way to a penalty."""
        return min(self.solutions, key=_distance_to(alpha), default=None)

    def learn(self, found: Iterable[Solution], alpha: float) -> None:
        """Add solutions from which fits can start, and keep those nearest to a penalty."""
        for solution in found:
            if math.isfinite(solution.dual_gap):
                same = _distance_to(solution.alpha)
                others = [known for known in self.solutions if same(known) > SAME]
                self.solutions = [*others, solution.as_start()]
        self.solutions = sorted(self.solutions, key=_distance_to(alpha))[:_KEPT]


def _distance_to(alpha: float) -> Callable[[Solution], float]:
    return lambda solution: abs(math.log(solution.alpha) - math.log(alpha))


@dataclass(frozen=True, eq=False)
class Visit:
    """What cross-validation says of one penalty.

    Attributes
    ----------
    alpha : float
    scores, dual_gaps : ndarray of shape (n_folds,)
    converged : ndarray of shape (n_folds,)
    """

    alpha: float
    scores: npt.NDArray[np.float64]
    dual_gaps: npt.NDArray[np.float64]
    converged: npt.NDArray[np.bool_]

    @property
    def score(self) -> float:
        """The mean over the folds; -inf where any of them has none."""
        return float(self.scores.mean())


class CrossValidation:
    """Scores penalties, and keeps what it found.

    Parameters
    ----------
    folds : sequence of Fold
    max_iter : int
        Sweeps a fit.
    executor : Executor or None
        Makes fits at the same time; None makes one after another.
    tell : callable
        Is told of every visit.

    Attributes
    ----------
    visits : list of Visit
        By falling penalty.
    """

    def __init__(
        self,
        folds: Sequence[Fold],
        max_iter: int,
        executor: Executor | None,
        tell: Callable[[Visit], None],
    ) -> None:
        self.folds = folds
        self.visits: list[Visit] = []
        self._max_iter = max_iter
        self._executor = executor
        self._tell = tell

    @property
    def best(self) -> Visit:
        """The visit that scores best; of equal ones the one with the smallest penalty."""
        return max(reversed(self.visits), key=lambda visit: visit.score)

    def results(self) -> dict[str, npt.NDArray[Any]]:
        """Lay the visits out as scikit-learn's ``cv_results_``."""
        scores = np.array([visit.scores for visit in self.visits])
        gaps = np.array([visit.dual_gaps for visit in self.visits])
        converged = np.array([visit.converged for visit in self.visits])
        with np.errstate(invalid="ignore"):  # the deviation of -inf
            deviations = scores.std(axis=1)
        results: dict[str, npt.NDArray[Any]] = {
            "alphas": np.array([visit.alpha for visit in self.visits]),
            "mean_test_score": scores.mean(axis=1),
            "std_test_score": deviations,
        }
        for fold in range(len(self.folds)):
            results[f"split{fold}_test_score"] = scores[:, fold]
            results[f"split{fold}_dual_gap"] = gaps[:, fold]
            results[f"split{fold}_converged"] = converged[:, fold]
        return results

    def warn_if_unfinished(self) -> None:
        """Warn of fits that did not converge, in which case the penalty may be another one."""
        unfinished = sum(int((~visit.converged).sum()) for visit in self.visits)
        if unfinished:
            warnings.warn(
                f"{unfinished} of the {len(self.visits) * len(self.folds)} fits of the "
                "cross-validation did not converge, as cv_results_ tells; raise max_iter",
                ConvergenceWarning,
                stacklevel=3,
            )

    def visit(self, *alphas: float) -> list[Visit]:
        """Score penalties: fit every fold at each, from what was known before."""
        tasks = [(fold, alpha) for fold in self.folds for alpha in alphas]
        run = map if self._executor is None else self._executor.map
        fits = list(run(lambda task: task[0].fit(task[1], self._max_iter), tasks))
        new = []
        for at, alpha in enumerate(alphas):
            solutions, scores = zip(*fits[at :: len(alphas)], strict=True)
            gaps = np.array([solution.dual_gap for solution in solutions])
            converged = np.array([solution.converged for solution in solutions])
            new.append(Visit(alpha, np.array(scores), gaps, converged))
        self.visits = sorted([*self.visits, *new], key=lambda visit: -visit.alpha)
        for at, fold in enumerate(self.folds):
            found = fits[at * len(alphas) : (at + 1) * len(alphas)]
            fold.learn([solution for solution, _ in found], self.best.alpha)
        for visit in new:
            self._tell(visit)
        return new
