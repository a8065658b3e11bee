"""Bad data ends in a fit that has converged, or in one line that names the column."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import graphical_lasso as reference

from marketmap.errors import DataError, FitError
from marketmap.precision import GraphicalLasso, GraphicalLassoCV, graphical_lasso
from tests.support.precision import Matrix, draw_returns


def changed(change: Callable[[Matrix], object], n_days: int = 120, n_assets: int = 10) -> Matrix:
    returns = draw_returns(n_days, n_assets, 3)
    change(returns)
    return returns


def put(returns: Matrix, asset: int, values: object) -> None:
    returns[:, asset] = values


DRAW = np.random.default_rng(5)
SOLVABLE = {
    "two equal assets": changed(lambda x: put(x, 3, x[:, 2])),
    "an asset and its mirror": changed(lambda x: put(x, 3, -x[:, 2])),
    "two almost equal assets": changed(lambda x: put(x, 3, x[:, 2] + 1e-9 * x[:, 5])),
    "a sum of others": changed(lambda x: put(x, 3, x[:, 0] + x[:, 1] - 2 * x[:, 2])),
    "ten equal assets": draw_returns(120, 1, 3).repeat(10, axis=1),
    "more assets than days": draw_returns(50, 100, 3),
    "many more assets than days": draw_returns(14, 48, 3),
    "five days": draw_returns(5, 6, 3),
    "heavy tails": DRAW.standard_cauchy(size=(250, 30)),
    "a market crash": changed(lambda x: x.__setitem__(60, 1e4)),
    "one wild return": changed(lambda x: x.__setitem__((60, 3), 1e7)),
    "huge": draw_returns(120, 10, 3) * 1e100,
    "tiny": draw_returns(120, 10, 3) * 1e-100,
    "very different": draw_returns(120, 10, 3) * np.logspace(-8, 8, 10),
    "one factor and nothing else": draw_returns(120, 10, 3, market=1e4),
    "signs": np.sign(draw_returns(120, 10, 3)),
    "nothing in common": np.vstack([np.eye(6), -np.eye(6)]),
    "as many days as assets": draw_returns(40, 40, 3),
}


DEPENDENT = {
    "two equal assets",
    "an asset and its mirror",
    "two almost equal assets",
    "a sum of others",
    "ten equal assets",
    "a market crash",
    "one factor and nothing else",
}
"""Without bound the score of these rises as the penalty falls."""


@pytest.mark.parametrize("name", SOLVABLE)
def test_a_search_without_end_is_warned_of_where_assets_depend_on_others(name: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GraphicalLassoCV().fit(SOLVABLE[name])
    said = [str(warning.message) for warning in caught]
    assert all(message.startswith("the score still rises at alpha") for message in said)
    assert len(said) == (name in DEPENDENT)


@pytest.mark.filterwarnings("ignore:the score still rises")
@pytest.mark.parametrize("name", SOLVABLE)
def test_hard_returns_have_a_fit_that_converges(name: str) -> None:
    returns = SOLVABLE[name]
    alpha = 0.1 * float(returns.var(axis=0).mean())
    for model in (GraphicalLasso(alpha), GraphicalLassoCV(), GraphicalLassoCV(cv=3)):
        model.fit(returns)
        assert model.converged_
        assert 0.0 <= model.dual_gap_ <= model.tol
        deviation = np.sqrt(np.diag(model.covariance_))
        unit = (model.covariance_ / deviation / deviation[:, None]) @ (
            model.precision_ * deviation * deviation[:, None]
        )
        np.testing.assert_allclose(unit, np.eye(len(unit)), atol=1e-4)
        if isinstance(model, GraphicalLassoCV):
            assert np.isfinite(model.cv_results_["mean_test_score"]).all()


def test_400_assets_and_365_days_have_a_fit_that_converges() -> None:
    model = GraphicalLassoCV().fit(draw_returns(365, 400, 0))
    assert model.converged_
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()


# Mazumder and Hastie, Electronic Journal of Statistics 6, 2012: block coordinate descent that does
# not begin in the dual's box diverges on two days of five assets at a penalty of 0.004, and on ten
# days of fifty at 0.02.
TWO_DAYS = np.array(
    [
        [1.39590782, -0.29633772, 0.32335144, 0.34210203, 0.17925835],
        [0.37687905, 0.32703238, -0.46592894, 0.05935433, -0.08898228],
    ]
)
TEN_DAYS = np.random.default_rng(1).normal(size=(10, 50))


@pytest.mark.filterwarnings("ignore:Objective did not converge")
@pytest.mark.parametrize(("returns", "alpha"), [(TWO_DAYS, 0.004), (TEN_DAYS, 0.02)])
def test_where_classic_block_coordinate_descent_fails_the_fit_converges(
    returns: Matrix, alpha: float
) -> None:
    covariance = np.cov(returns, rowvar=False)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        reference(covariance, alpha)
    model = GraphicalLasso(alpha, covariance="precomputed").fit(covariance)
    assert model.converged_
    assert np.linalg.eigvalsh(model.precision_)[0] > 0


def named(values: object, column: str = "BTC") -> pd.DataFrame:
    table = pd.DataFrame(draw_returns(60, 4, 0), columns=["A", "B", "C", "D"])
    table[column] = values
    return table


@pytest.mark.parametrize("model", [GraphicalLasso(), GraphicalLassoCV()])
@pytest.mark.parametrize(
    ("table", "message"),
    [
        (named([np.nan] + [0.1] * 59), "X: column 'BTC' holds NaN"),
        (named([-np.inf] + [0.1] * 59), r"X: column 'BTC' holds infinity \(inf\)"),
        (named(0.1), "X: column 'BTC' never moves"),
        (named(0.0), "X: column 'BTC' never moves"),
        (named([1e300, -1e300] * 30), "X: column 'BTC' varies more than numbers can hold"),
        (named([1.7e308, -1.7e308] * 30), "X: column 'BTC' varies more than numbers can hold"),
        (named([1e-150, -1e-150] * 30), "X: column 'BTC' never moves"),
        (named([1e-200, -1e-200] * 30), "X: column 'BTC' never moves"),
        (named([1e-160, -1e-160] * 30), r"X: column 'BTC' never moves, or too little for numbers"),
        (named([1e12] * 59 + [1e12 + 0.1]), r"X: column 'BTC' never moves, up to rounding"),
        (named(pd.Timestamp("2026-01-01")), "X: column 'BTC' holds dates; make it the index"),
        (named(0.0)[["A", "B", "A"]], "X: column 'A' has the name of another"),
        (np.zeros((60, 3)), r"X: column 0 \(and 2 more\) never moves"),
    ],
)
def test_a_column_that_cannot_be_fitted_is_named(
    model: GraphicalLasso | GraphicalLassoCV, table: pd.DataFrame, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        model.fit(table)


def test_an_asset_that_moves_on_left_out_days_only_is_named_with_the_fold() -> None:
    values = np.zeros(60)
    values[24:36] = draw_returns(12, 1, 1)[:, 0]
    with pytest.raises(DataError, match="the days that fold 2 is fitted to: column 'BTC' never"):
        GraphicalLassoCV().fit(named(values))


@pytest.mark.parametrize(
    ("shape", "message"),
    [((60, 1), "1 feature"), ((1, 5), "1 sample"), ((2, 5), "n_splits=5 greater")],
)
def test_one_asset_and_too_few_days_are_refused(shape: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GraphicalLassoCV().fit(draw_returns(*shape, 0))


def test_without_a_penalty_a_column_that_depends_on_others_is_named() -> None:
    table = named(0.0)
    table["BTC"] = table["A"] - table["C"]
    with pytest.raises(FitError, match="column 'BTC' is a linear combination of others"):
        GraphicalLasso(0.0).fit(table)


def test_a_matrix_that_is_no_covariance_is_refused() -> None:
    with pytest.raises(DataError, match=r"a square covariance matrix, got shape \(5, 3\)"):
        graphical_lasso(np.ones((5, 3)), 0.1)
    with pytest.raises(DataError, match=r"X: column 0 .* is not the transpose of its row"):
        graphical_lasso(np.array([[1.0, 0.2], [0.3, 1.0]]), 0.1)
    with pytest.raises(FitError, match="the covariance matrix has a negative eigenvalue, -2"):
        graphical_lasso(np.array([[1.0, 3.0], [3.0, 1.0]]), 0.1)
    with pytest.raises(DataError, match="column 1 never moves"):
        graphical_lasso(np.array([[1.0, 0.0], [0.0, 0.0]]), 0.1)
    with pytest.raises(DataError, match="column 0 has a negative variance"):
        graphical_lasso(np.array([[-1.0, 0.0], [0.0, 1.0]]), 0.1)
