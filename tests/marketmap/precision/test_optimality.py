"""What holds of every fit, whatever the covariance matrix."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.covariance import graphical_lasso as reference

from marketmap.precision import GraphicalLasso, graphical_lasso
from tests.support.precision import (
    Matrix,
    covariance_of,
    covariances,
    draw_returns,
    largest_off_diagonal,
    objective,
)

SHARES = st.floats(0.02, 1.2)


def fit(covariance: Matrix, alpha: float, tol: float = 1e-10) -> GraphicalLasso:
    model = GraphicalLasso(alpha, covariance="precomputed", tol=tol, max_iter=1000)
    return model.fit(covariance)


@settings(max_examples=60, deadline=None)
@given(covariances(), SHARES)
def test_a_tight_fit_meets_the_optimality_conditions(covariance: Matrix, share: float) -> None:
    """The gradient is alpha where two assets are joined, and at most alpha where they are not."""
    alpha = share * largest_off_diagonal(covariance)
    assume(alpha > 0)
    model = fit(covariance, alpha)
    slack = model.covariance_ - covariance
    joined = model.precision_ != 0
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.fill_diagonal(joined, False)
    wanted = alpha * np.sign(model.precision_[joined])
    np.testing.assert_allclose(slack[joined] / scale[joined], wanted / scale[joined], atol=3e-5)
    assert (np.abs(slack) <= alpha + 3e-5 * scale).all()
    np.testing.assert_allclose(np.diag(slack) / np.diag(covariance), 0.0, atol=3e-5)


@settings(max_examples=60, deadline=None)
@given(covariances(), SHARES, st.sampled_from([1e-1, 1e-3, 1e-6]))
def test_the_duality_gap_bounds_the_distance_to_the_minimum(
    covariance: Matrix, share: float, tol: float
) -> None:
    alpha = share * largest_off_diagonal(covariance)
    assume(alpha > 0)
    model, best = fit(covariance, alpha, tol), fit(covariance, alpha)
    assert 0.0 <= model.dual_gap_ <= tol
    cost = objective(covariance, model.precision_, alpha)
    distance = cost - objective(covariance, best.precision_, alpha)
    assert -1e-9 <= distance <= model.dual_gap_ + 1e-9
    assert model.costs_[-1] == (pytest.approx(cost, abs=1e-8), model.dual_gap_)


@settings(max_examples=40, deadline=None)
@given(covariances(), SHARES, st.integers(0, 1000))
def test_assets_can_come_in_any_order(covariance: Matrix, share: float, seed: int) -> None:
    alpha = share * largest_off_diagonal(covariance)
    assume(alpha > 0)
    order = np.random.default_rng(seed).permutation(len(covariance))
    there = np.ix_(order, order)
    first, second = fit(covariance, alpha), fit(covariance[there], alpha)
    scale = np.sqrt(np.outer(np.diag(first.precision_), np.diag(first.precision_)))
    np.testing.assert_allclose(
        second.precision_ / scale[there], first.precision_[there] / scale[there], atol=1e-4
    )


@settings(max_examples=40, deadline=None)
@given(covariances(), SHARES, st.floats(-60, 60))
def test_the_unit_of_returns_does_not_matter(
    covariance: Matrix, share: float, log_scale: float
) -> None:
    """Returns c times as large have a precision 1 / c**2 times as large at c**2 the penalty."""
    alpha, unit = share * largest_off_diagonal(covariance), np.exp(2.0 * log_scale)
    assume(alpha > 0)
    first, second = fit(covariance, alpha), fit(covariance * unit, alpha * unit)
    scale = np.sqrt(np.outer(np.diag(first.precision_), np.diag(first.precision_)))
    np.testing.assert_allclose(
        second.precision_ * unit / scale, first.precision_ / scale, atol=1e-4
    )


@settings(max_examples=40, deadline=None)
@given(covariances(), SHARES)
def test_covariance_and_precision_are_inverses_and_symmetric(
    covariance: Matrix, share: float
) -> None:
    alpha = share * largest_off_diagonal(covariance)
    assume(alpha > 0)
    model = fit(covariance, alpha, 1e-4)
    np.testing.assert_array_equal(model.precision_, model.precision_.T)
    np.testing.assert_array_equal(model.covariance_, model.covariance_.T)
    np.testing.assert_allclose(
        model.covariance_ @ model.precision_, np.eye(len(covariance)), atol=1e-8
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.05, 0.2, 0.6])
def test_a_tight_fit_is_scikit_learns_cold_and_tight_one(seed: int, share: float) -> None:
    covariance = covariance_of(draw_returns(120, 15, seed))
    alpha = share * largest_off_diagonal(covariance)
    _, theirs = reference(covariance, alpha, tol=1e-9, enet_tol=1e-13, max_iter=5000)
    ours = fit(covariance, alpha).precision_
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()
    assert objective(covariance, ours, alpha) <= objective(covariance, theirs, alpha) + 1e-8


@settings(max_examples=30, deadline=None)
@given(covariances())
def test_from_the_largest_covariance_on_no_two_assets_are_joined(covariance: Matrix) -> None:
    largest = largest_off_diagonal(covariance)
    assume(largest > 1e-9 * covariance.max())
    alone = np.diag(1.0 / np.diag(covariance))
    for alpha in (largest * (1 + 1e-9), largest * 10, np.inf):
        np.testing.assert_allclose(graphical_lasso(covariance, alpha)[1], alone, rtol=1e-9)
    assert np.count_nonzero(graphical_lasso(covariance, largest * 0.99, tol=1e-9)[1]) > len(alone)


def test_without_a_penalty_it_is_the_inverse() -> None:
    covariance = covariance_of(draw_returns(60, 8, 0))
    model = GraphicalLasso(0.0, covariance="precomputed").fit(covariance)
    np.testing.assert_allclose(model.precision_, np.linalg.inv(covariance), rtol=1e-9)
    assert (model.dual_gap_, model.n_iter_, model.converged_) == (0.0, 0, True)
    assert model.costs_[0][0] == pytest.approx(objective(covariance, model.precision_, 0.0))
