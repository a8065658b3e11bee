import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.covariance import GraphicalLassoCV

from marketmap.errors import DataError, FitError
from marketmap.precision import fit_precision
from marketmap.preparation.standardise import standardise
from marketmap.settings import PrecisionSettings
from tests.support.markets import factor_returns

RETURNS, _ = standardise(factor_returns())


def test_covariance_and_precision_are_inverses_of_each_other() -> None:
    fit = fit_precision(RETURNS, PrecisionSettings())
    assert fit.converged
    assert abs(fit.duality_gap) <= PrecisionSettings().tol
    np.testing.assert_allclose(fit.covariance @ fit.precision, np.eye(15), atol=1e-12)


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


def test_the_reference_is_scikit_learns_own_with_its_own_choice() -> None:
    settings = PrecisionSettings(method="scikit-learn")
    model = GraphicalLassoCV(enet_tol=1e-7, max_iter=200, assume_centered=True).fit(RETURNS)
    fit = fit_precision(RETURNS, settings)
    assert fit.alpha == model.alpha_
    np.testing.assert_array_equal(fit.precision, (model.precision_ + model.precision_.T) / 2)


def test_both_solvers_give_the_same_matrix_at_the_same_penalty() -> None:
    options = {"alphas": (0.2, 0.21), "tol": 1e-10, "max_iter": 1000}
    ours = fit_precision(RETURNS, PrecisionSettings.model_validate(options))
    options |= {"method": "scikit-learn", "enet_tol": 1e-12}
    theirs = fit_precision(RETURNS, PrecisionSettings.model_validate(options))
    assert ours.alpha == theirs.alpha
    np.testing.assert_allclose(ours.precision, theirs.precision, atol=1e-5)


def test_two_equal_assets_without_a_penalty_are_an_error_of_the_reference() -> None:
    twins = np.column_stack([RETURNS[:, 0], RETURNS[:, 0], RETURNS[:, 1]])
    settings = PrecisionSettings(method="scikit-learn", alphas=(1e-14, 2e-14))
    with pytest.raises(FitError, match="3 assets and 200 days"):
        fit_precision(twins, settings)


def test_two_equal_assets_almost_without_a_penalty_are_told_to_be_unfinished() -> None:
    twins = np.column_stack([RETURNS[:, 0], RETURNS[:, 0], RETURNS[:, 1]])
    assert not fit_precision(twins, PrecisionSettings(alphas=(1e-14, 2e-14))).converged


def test_an_asset_that_moves_in_one_fold_only_is_named() -> None:
    table = pd.DataFrame(RETURNS[:, :3], columns=["BTC", "ETH", "XRP"])
    table["DEAD"] = 0.0
    table.loc[:20, "DEAD"] = RETURNS[:21, 5]
    with pytest.raises(DataError, match="column 'DEAD' never moves"):
        fit_precision(table, PrecisionSettings())
