"""The compiled heart of the graphical lasso: block coordinate ascent with exact column solves.

In the units of correlations the problem is to minimise over positive definite T

    -logdet(T) + tr(R T) + sum over i != j of w_i w_j |T_ij|

with R a correlation matrix and ``w_i = sqrt(alpha) / d_i`` (d_i: the asset's deviation), which is
the penalty ``alpha`` on the unscaled matrix. Its dual is to maximise ``logdet(W) + n`` over
``|W_ij - R_ij| <= w_i w_j``, ``W_ii = 1``. As in Friedman, Hastie and Tibshirani (Biostatistics 9,
2008, section 2), W is improved a column at a time; the best column is a lasso in W's other rows

    minimise over b:   b' W11 b / 2 - r12' b + sum over i of w_j w_i |b_i|

Two things differ from that paper. Every start is feasible in the dual, without which a column may
have no solution at all (Mazumder and Hastie, Electronic Journal of Statistics 6, 2012). And each
lasso is solved to the last digit, by an active set: where signs are as assumed, one Cholesky
factorisation gives all coefficients at once. A market's assets move together so much that
coordinate descent would need dozens of passes.

Nothing here calls BLAS, so the number of its threads changes neither a digit nor the time. All of
it stands in one file, which is what numba looks at to tell whether what it cached is still true.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

# Sums may be reordered, so that they are vectorised; infinities keep their meaning. What is called
# once is inlined, which halves the time to compile.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
    "error_model": "numpy",
}


def _cached(function: Callable[..., Any]) -> Any:
    """Compile a function and keep the result on disk, where there is a place to write to."""
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # neither beside the file nor in the user's home
        return in_memory(function)


def in_memory(function: Callable[..., Any]) -> Any:
    """Compile a function for this process alone."""
    return njit(**_OPTIONS)(function)


_PIVOT = 1e-14
"""Below this a pivot of a matrix with a unit diagonal is rounding error."""
_SLACK = 1e-9
"""Relative excess over its bound at which a coefficient of 0 is given up."""
_HASTY = 3
"""Rounds in which all coefficients of wrong sign are dropped at once; then it is one at a time."""
_ROUNDS = 1000
"""Changes of the active set after which a column is left as it is, for the next sweep."""
_CHECK_EVERY = 5
"""Sweeps after which the duality gap is computed at the latest; it costs two factorisations."""
_DUE = 1.5
"""Multiple of the tolerance from which on a gap that is only guessed is worth being computed."""
_BLENDS = 4
"""Steps from a start of another market to one that is surely positive definite."""


@njit(**_OPTIONS)
def factorise(matrix: Matrix, factor: Matrix) -> float:
    """Write a Cholesky factor's lower triangle; tell logdet, -inf if not positive definite."""
    n = matrix.shape[0]
    logdet = 0.0
    for j in range(n):
        row = factor[j]
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= row[k] * row[k]
        if not pivot > _PIVOT:
            return -math.inf
        logdet += math.log(pivot)
        row[j] = math.sqrt(pivot)
        _eliminate(matrix, factor, j, n)
    return logdet


@njit(**_OPTIONS)
def _eliminate(matrix: Matrix, factor: Matrix, j: int, n: int) -> None:
    """Fill column j of a Cholesky factor below its diagonal."""
    row = factor[j]
    inverse = 1.0 / row[j]
    for i in range(j + 1, n):
        rest = factor[i]
        total = matrix[i, j]
        for k in range(j):
            total -= rest[k] * row[k]
        rest[j] = total * inverse


@njit(**_OPTIONS)
def _solve_active(
    W: Matrix, active: Places, size: int, target: Vector, solution: Vector, factor: Matrix
) -> bool:
    """Solve W[active, active] x = target; False where W is not positive definite there."""
    for a in range(size):
        row, into = W[active[a]], factor[a]
        for c in range(a + 1):
            into[c] = row[active[c]]
    for j in range(size):
        row = factor[j]
        pivot = row[j]
        for k in range(j):
            pivot -= row[k] * row[k]
        if not pivot > _PIVOT:
            return False
        row[j] = math.sqrt(pivot)
        value = target[j]
        for k in range(j):
            value -= row[k] * solution[k]
        solution[j] = value / row[j]
        _eliminate(factor, factor, j, size)
    for j in range(size - 1, -1, -1):
        row = factor[j]
        value = solution[j] / row[j]
        solution[j] = value
        for k in range(j):
            solution[k] -= row[k] * value
    return True


@njit(**_OPTIONS)
def _residual(
    target: Vector, W: Matrix, b: Vector, active: Places, size: int, residual: Vector
) -> None:
    """Write target - W b, where b is not 0 only at the active places."""
    n = W.shape[0]
    for i in range(n):
        residual[i] = target[i]
    for a in range(size):
        value, row = b[active[a]], W[active[a]]
        for i in range(n):
            residual[i] -= value * row[i]


@njit(inline="always", **_OPTIONS)
def _admit(j: int, W: Matrix, w: Vector, b: Vector, active: Places, residual: Vector) -> int:
    """Let coefficients whose bound is exceeded in: one pass of coordinate descent over all."""
    n = W.shape[0]
    size = 0
    for i in range(n):
        bound = w[j] * w[i]
        if i != j and (b[i] != 0.0 or abs(residual[i]) > bound * (1.0 + _SLACK) + _PIVOT):
            old, z = b[i], residual[i] + b[i]  # W_ii = 1
            new = z - bound if z > bound else (z + bound if z < -bound else 0.0)
            change = new - old
            if change != 0.0:
                b[i] = new
                row = W[i]
                for k in range(n):
                    residual[k] -= change * row[k]
            if new != 0.0:
                active[size] = i
                size += 1
    return size


@njit(inline="always", **_OPTIONS)
def _first_zero(b: Vector, active: Places, size: int, solution: Vector) -> tuple[float, int]:
    """Return how far b can go to a solution until one changes sign, and which; -1 if none does."""
    share, first = 1.0, -1
    for a in range(size):
        old = b[active[a]]
        if (old > 0.0) != (solution[a] > 0.0):
            crossing = old / (old - solution[a])
            if first < 0 or crossing < share:
                share, first = crossing, a
    return share, first


@njit(inline="always", **_OPTIONS)
def _descend_active(
    j: int,
    target: Vector,
    W: Matrix,
    w: Vector,
    b: Vector,
    active: Places,
    size: int,
    work: Matrix,
    factor: Matrix,
    hasty: bool,
) -> int:
    """Bring the active coefficients to their optimum; those that change sign leave.

    To drop all of these at once is fast but may circle, so it is done in the first rounds only. To
    go no further than to the first that gets to 0 lowers the objective at each step.

    Returns how many stay active, or -1 where W is not positive definite.
    """
    goal, solution = work[0], work[1]
    for attempt in range(_ROUNDS):
        for a in range(size):
            i = active[a]
            goal[a] = target[i] - math.copysign(w[j] * w[i], b[i])
        if not _solve_active(W, active, size, goal, solution, factor):
            return -1
        share, first = _first_zero(b, active, size, solution)
        at_once = first < 0 or (hasty and attempt < _HASTY)
        stay = 0
        for a in range(size):
            i = active[a]
            old = b[i]
            new = solution[a] if at_once else old + share * (solution[a] - old)
            if (new > 0.0) != (old > 0.0) or (a == first and not at_once):
                b[i] = 0.0
            else:
                b[i] = new
                active[stay] = i
                stay += 1
        size = stay
        if first < 0:
            break
    return size


@njit(inline="always", **_OPTIONS)
def _solve_column(
    j: int,
    target: Vector,
    W: Matrix,
    w: Vector,
    b: Vector,
    active: Places,
    work: Matrix,
    factor: Matrix,
) -> bool:
    """Solve column j's lasso from b on; leaves target - W b in work[2]."""
    n = W.shape[0]
    residual = work[2]
    size = 0
    for i in range(n):
        if b[i] != 0.0:
            active[size] = i
            size += 1
    for attempt in range(_ROUNDS):
        hasty = attempt < _HASTY
        size = _descend_active(j, target, W, w, b, active, size, work, factor, hasty)
        if size < 0:
            return False
        _residual(target, W, b, active, size, residual)
        exceeded = False
        for i in range(n):
            if b[i] == 0.0 and i != j:
                exceeded |= abs(residual[i]) > w[j] * w[i] * (1.0 + _SLACK) + _PIVOT
        if not exceeded:
            return True
        size = _admit(j, W, w, b, active, residual)
    _residual(target, W, b, active, size, residual)
    return True


@njit(inline="always", **_OPTIONS)
def _sweep(
    R: Matrix,
    W: Matrix,
    w: Vector,
    B: Matrix,
    theta: Vector,
    active: Places,
    work: Matrix,
    factor: Matrix,
) -> float:
    """Improve every column of W once; tell the largest change, -1 where W went singular."""
    n = R.shape[0]
    largest = 0.0
    for j in range(n):
        b, row, target = B[j], W[j], R[j]
        if not _solve_column(j, target, W, w, b, active, work, factor):
            return -1.0
        residual = work[2]
        explained = 0.0
        for i in range(n):
            if i != j:
                value = target[i] - residual[i]
                largest = max(largest, abs(value - row[i]))
                row[i] = value
                W[i, j] = value
                explained += value * b[i]
        if not explained < 1.0:
            return -1.0
        theta[j] = 1.0 / (1.0 - explained)
    return largest


@njit(inline="always", **_OPTIONS)
def _primal(
    R: Matrix, w: Vector, B: Matrix, theta: Vector, T: Matrix, factor: Matrix
) -> tuple[float, float]:
    """Write the precision matrix that the columns amount to; tell its objective and logdet."""
    n = R.shape[0]
    objective = 0.0
    for i in range(n):
        T[i, i] = theta[i]
        objective += theta[i]
        for j in range(i):
            value = -0.5 * (B[i, j] * theta[i] + B[j, i] * theta[j])
            T[i, j] = value
            T[j, i] = value
            objective += 2.0 * (value * R[i, j] + w[i] * w[j] * abs(value))
    logdet = factorise(T, factor)
    return objective - logdet, logdet


@njit(inline="always", **_OPTIONS)
def _dual(R: Matrix, w: Vector, W: Matrix, feasible: Matrix, factor: Matrix) -> float:
    """Return the dual objective of W, moved into the box."""
    n = R.shape[0]
    for i in range(n):
        feasible[i, i] = 1.0
        for j in range(i):
            bound = w[i] * w[j]
            feasible[i, j] = min(max(W[i, j], R[i, j] - bound), R[i, j] + bound)
    return factorise(feasible, factor) + n


@njit(inline="always", **_OPTIONS)
def _start(
    R: Matrix, d: Vector, alpha: float, share: float, dual: Matrix, W: Matrix, factor: Matrix
) -> bool:
    """Write the W that dual variables amount to; False where it is not positive definite.

    Scaled by ``share``, which leads to a smaller penalty, they stay between the correlations, which
    are at least semidefinite, and a definite matrix. Those of another market may not: they are
    blended with a start that always is, the correlations shrunk until the largest is in the box.
    """
    n = R.shape[0]
    shrink = 1.0
    for i in range(n):
        for j in range(i):
            size = abs(R[i, j]) * d[i] * d[j]
            if size * shrink > alpha:
                shrink = alpha / size
    for step in range(_BLENDS + 1 if share > 0.0 else 1):
        blend = step / _BLENDS if share > 0.0 else 1.0
        for i in range(n):
            W[i, i] = 1.0
            for j in range(i):
                warm = min(max(dual[i, j] * share, -alpha), alpha) / (d[i] * d[j])
                value = R[i, j] + (1.0 - blend) * warm - blend * shrink * R[i, j]
                W[i, j] = value
                W[j, i] = value
        if factorise(W, factor) > -math.inf:
            return True
    return False


@njit(inline="always", **_OPTIONS)
def _copy(source: Matrix, target: Matrix) -> None:
    """Copy a matrix; an assignment of slices would take seconds to compile."""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@njit(inline="always", **_OPTIONS)
def _ascend(
    R: Matrix,
    w: Vector,
    W: Matrix,
    B: Matrix,
    tol: float,
    max_iter: int,
    T: Matrix,
    costs: Matrix,
    factor: Matrix,
) -> tuple[int, int, float, float]:
    """Sweep until the duality gap is small, or a sweep fails; see :func:`solve`."""
    n = R.shape[0]
    active, theta, work = np.empty(n, np.int64), np.ones(n), np.empty((3, n))
    feasible, candidate = np.empty((n, n)), np.empty((n, n))
    best, bound, best_logdet, gap = math.inf, -math.inf, -math.inf, math.inf
    n_iter, n_checks, last_check = 0, 0, 0
    steepness = 0.5 * n  # the gap is about so many squares of a sweep's largest change
    for sweep in range(1, max_iter + 1):
        n_iter = sweep
        change = _sweep(R, W, w, B, theta, active, work, factor)
        if change < 0.0:
            break
        due = steepness * change * change <= _DUE * tol
        if not (due or sweep - last_check >= _CHECK_EVERY or sweep == max_iter):
            continue
        objective, logdet = _primal(R, w, B, theta, candidate, factor)
        if objective < best:
            best, best_logdet = objective, logdet
            _copy(candidate, T)
        bound = max(bound, _dual(R, w, W, feasible, factor))
        gap, last_check = max(best - bound, 0.0), sweep
        n_checks = min(n_checks + 1, costs.shape[0])
        costs[n_checks - 1, 0] = best
        costs[n_checks - 1, 1] = gap
        if gap <= tol:
            break
        if change > 0.0 and not math.isinf(gap):
            steepness = gap / (change * change)
    return n_iter, n_checks, best_logdet, gap


@_cached
def solve(
    R: Matrix,
    d: Vector,
    alpha: float,
    share: float,
    dual: Matrix,
    coefficients: Matrix,
    tol: float,
    max_iter: int,
    precision: Matrix,
    costs: Matrix,
) -> tuple[int, int, float, float]:
    """Solve one graphical lasso.

    Parameters
    ----------
    R : ndarray of shape (n_assets, n_assets)
        Correlations, with a diagonal of ones.
    d : ndarray of shape (n_assets,)
        Deviations.
    alpha : float
        The penalty.
    share : float
        By what to scale ``dual`` at the start: the penalty over that at which it was found, at
        most 1; 0 for a cold start.
    dual : ndarray of shape (n_assets, n_assets)
        A start, then the result: from -alpha to alpha, 0 on the diagonal.
    coefficients : ndarray of shape (n_assets, n_assets)
        A start, then the result: in each row those of an asset's lasso, 0 on the diagonal.
    tol : float
        Duality gap at which to stop.
    max_iter : int
        Sweeps after which to stop.
    precision : ndarray of shape (n_assets, n_assets)
        Receives the best precision matrix that was seen, in units of correlations.
    costs : ndarray of shape (n_rows, 2)
        Receives the objective and the duality gap at each check, of the best seen by then; the
        last row is that of the last check.

    Returns
    -------
    n_iter : int
        Sweeps.
    n_checks : int
        Rows of ``costs`` that were filled.
    logdet : float
        Of ``precision``; -inf where no positive definite one was seen.
    gap : float
        The last duality gap; inf where there is no precision matrix.
    """
    n = R.shape[0]
    w, W, factor = np.empty(n), np.empty((n, n)), np.empty((n, n))
    if not _start(R, d, alpha, share, dual, W, factor):
        return 0, 0, -math.inf, math.inf
    for i in range(n):
        w[i] = math.sqrt(alpha) / d[i]
        for j in range(n):
            coefficients[i, j] *= d[j] / d[i]
    result = _ascend(R, w, W, coefficients, tol, max_iter, precision, costs, factor)
    for i in range(n):
        for j in range(n):
            dual[i, j] = (W[i, j] - R[i, j]) * d[i] * d[j]
            coefficients[i, j] *= d[i] / d[j]
    return result
