import numpy as np
import pytest
from scipy.stats import norm

from marketmap.errors import FitError
from marketmap.precision import fit_precision
from marketmap.settings import PrecisionSettings
from marketmap.structure import standardise
from tests.support.markets import factor_returns

RETURNS, _ = standardise(factor_returns())


def test_covariance_and_precision_are_inverses_of_each_other() -> None:
    fit = fit_precision(RETURNS, PrecisionSettings())
    assert fit.converged
    assert abs(fit.duality_gap) <= PrecisionSettings().tol
    np.testing.assert_allclose(fit.covariance @ fit.precision, np.eye(15), atol=1e-2)


def test_matrices_are_symmetric_to_the_last_digit() -> None:
    fit = fit_precision(RETURNS, PrecisionSettings())
    assert (fit.precision == fit.precision.T).all()
    assert (fit.covariance == fit.covariance.T).all()


def test_the_score_is_the_log_likelihood_of_a_left_out_day() -> None:
    """A penalty beyond all correlations leaves each asset alone with its variance."""
    noise = np.random.default_rng(0).normal(size=(400, 4))
    fit = fit_precision(
        (noise - noise.mean(0)) / noise.std(0), PrecisionSettings(alphas=(5.0, 6.0))
    )
    expected = 4 * norm.logpdf(noise).mean()
    assert fit.cv_scores.loc[0, "alpha"] == 5.0
    assert fit.cv_scores.loc[0, "mean_score"] == pytest.approx(expected, rel=0.02)


def test_scores_come_by_rising_penalty_without_a_penalty_of_zero() -> None:
    scores = fit_precision(RETURNS, PrecisionSettings()).cv_scores
    assert scores["alpha"].is_monotonic_increasing
    assert (scores["alpha"] > 0).all()


def test_a_larger_penalty_leaves_fewer_links() -> None:
    loose = fit_precision(RETURNS, PrecisionSettings(alphas=(0.1, 0.11)))
    tight = fit_precision(RETURNS, PrecisionSettings(alphas=(0.4, 0.41)))
    assert np.count_nonzero(tight.precision) < np.count_nonzero(loose.precision)


def test_two_equal_assets_without_a_penalty_end_in_an_error_not_in_nonsense() -> None:
    twins = np.column_stack([RETURNS[:, 0], RETURNS[:, 0], RETURNS[:, 1]])
    with pytest.raises(FitError, match="3 assets and 200 days"):
        fit_precision(twins, PrecisionSettings(alphas=(1e-14, 2e-14)))
