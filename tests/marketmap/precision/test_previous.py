"""Yesterday's fit starts today's, and changes nothing but the time it takes."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.covariance
from sklearn.exceptions import NotFittedError

from marketmap.errors import DataError
from marketmap.precision import GraphicalLasso, GraphicalLassoCV
from tests.support.precision import draw_returns

DAYS = pd.DataFrame(draw_returns(130, 20, 0), columns=[f"asset{i:02d}" for i in range(20)])
MANY = pd.DataFrame(draw_returns(130, 40, 0), columns=[f"asset{i:02d}" for i in range(40)])


def window(day: int, days: pd.DataFrame = DAYS) -> pd.DataFrame:
    return days.iloc[day : day + 120]


def visits(model: GraphicalLassoCV) -> int:
    return len(model.cv_results_["alphas"])


def test_a_warm_search_ends_where_a_full_one_does_after_fewer_visits() -> None:
    previous = GraphicalLassoCV().fit(window(0, MANY))
    for day in range(1, 11):
        full = GraphicalLassoCV().fit(window(day, MANY))
        warm = GraphicalLassoCV().fit(window(day, MANY), previous=previous)
        assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03
        assert visits(warm) <= 5 < visits(full)
        assert warm.converged_
        previous = warm


def test_with_few_assets_another_maximum_than_yesterdays_is_found() -> None:
    draw = np.random.default_rng(20)
    returns = draw.standard_t(3, size=(61, 25)) + draw.standard_t(3, size=(61, 1))
    yesterday = GraphicalLassoCV().fit(returns[:-1])
    full = GraphicalLassoCV().fit(returns[1:])
    warm = GraphicalLassoCV().fit(returns[1:], previous=yesterday)
    assert abs(np.log(full.alpha_ / yesterday.alpha_)) > 0.5
    assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1e3, 1e6])
@pytest.mark.parametrize("days", [DAYS, MANY])
def test_a_fit_in_another_unit_is_a_start_like_any_other(unit: float, days: pd.DataFrame) -> None:
    previous = GraphicalLassoCV().fit(window(0, days))
    full = GraphicalLassoCV().fit(window(0, days) * unit)
    warm = GraphicalLassoCV().fit(window(0, days) * unit, previous=previous)
    assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03
    assert warm.n_iter_ == 1
    assert days is DAYS or visits(warm) == 3


@pytest.mark.parametrize(("before", "after"), [(1e-140, 1e140), (1e140, 1e-140)])
@pytest.mark.parametrize("alpha", [1e-12, 1e12])
def test_units_that_no_number_can_bring_together_are_a_start_like_any_other(
    before: float, after: float, alpha: float
) -> None:
    previous = GraphicalLasso(alpha).fit(window(0, MANY) * before)
    full = GraphicalLassoCV().fit(window(1, MANY) * after)
    warm = GraphicalLassoCV().fit(window(1, MANY) * after, previous=previous)
    assert warm.alpha_ == pytest.approx(full.alpha_, rel=0.03)


def test_a_model_can_start_itself_from_what_it_was() -> None:
    model, other = GraphicalLassoCV().fit(window(0)), GraphicalLassoCV().fit(window(0))
    today = window(1)[DAYS.columns[::-1]].assign(new=draw_returns(120, 1, 9)[:, 0])
    expected = GraphicalLassoCV().fit(today, previous=other).precision_
    np.testing.assert_array_equal(model.fit(today, previous=model).precision_, expected)
    unnamed = GraphicalLassoCV().fit(window(0).to_numpy())
    with pytest.raises(DataError, match="was fitted to 20 assets, X has 10"):
        unnamed.fit(window(1).to_numpy()[:, :10], previous=unnamed)


def test_a_fit_that_failed_leaves_the_last_one_to_start_from() -> None:
    model = GraphicalLassoCV().fit(window(0))
    with pytest.raises(DataError, match="never moves"):
        model.fit(window(1).assign(dead=0.0))
    assert GraphicalLassoCV().fit(window(1), previous=model).converged_


def test_a_warm_fit_is_the_cold_one_after_fewer_sweeps() -> None:
    yesterday = GraphicalLasso(0.1, tol=1e-10).fit(window(0))
    cold = GraphicalLasso(0.1, tol=1e-10).fit(window(1))
    warm = GraphicalLasso(0.1, tol=1e-10).fit(window(1), previous=yesterday)
    np.testing.assert_allclose(warm.precision_, cold.precision_, atol=1e-5)
    assert warm.n_iter_ < cold.n_iter_


def test_the_same_days_again_take_one_sweep() -> None:
    model = GraphicalLasso(0.1).fit(window(0))
    assert GraphicalLasso(0.1).fit(window(0), previous=model).n_iter_ == 1


def test_the_same_days_of_the_same_assets_in_another_order_take_one_sweep() -> None:
    model = GraphicalLasso(0.1).fit(window(0))
    turned = window(0)[DAYS.columns[::-1]]
    assert GraphicalLasso(0.1).fit(turned, previous=model).n_iter_ == 1


def test_assets_are_matched_by_name_in_whatever_order_and_new_ones_join() -> None:
    previous = GraphicalLassoCV().fit(window(0))
    today = window(1)[list(DAYS.columns[::-1][:15])].assign(new=draw_returns(120, 1, 9)[:, 0])
    full = GraphicalLassoCV(tol=1e-9).fit(today)
    warm = GraphicalLassoCV(tol=1e-9).fit(today, previous=previous)
    assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03
    same = GraphicalLasso(full.alpha_, tol=1e-9).fit(today, previous=previous)
    np.testing.assert_allclose(same.precision_, full.precision_, atol=1e-4)


def test_another_market_is_a_start_like_any_other() -> None:
    stranger = pd.DataFrame(-draw_returns(120, 20, 7, market=4.0), columns=DAYS.columns)
    warm = GraphicalLasso(0.1, tol=1e-9).fit(window(0), previous=GraphicalLasso().fit(stranger))
    cold = GraphicalLasso(0.1, tol=1e-9).fit(window(0))
    assert warm.converged_
    np.testing.assert_allclose(warm.precision_, cold.precision_, atol=1e-4)


@pytest.mark.parametrize(
    "previous", [GraphicalLasso(alpha) for alpha in (0.2, 0.0, 1e-9, 50, np.inf)]
)
def test_a_fit_at_a_given_penalty_can_start_a_search(previous: GraphicalLasso) -> None:
    full = GraphicalLassoCV().fit(window(0))
    warm = GraphicalLassoCV().fit(window(0), previous=previous.fit(window(1)))
    assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03


def test_a_penalty_that_nobody_chose_is_no_place_to_begin_a_search_at() -> None:
    full = GraphicalLassoCV().fit(window(0, MANY))
    warm = GraphicalLassoCV().fit(
        window(0, MANY), previous=GraphicalLasso(1e-4).fit(window(0, MANY))
    )
    np.testing.assert_allclose(warm.cv_results_["alphas"], full.cv_results_["alphas"], rtol=1e-3)


def test_a_search_can_start_a_fit_and_another_number_of_folds() -> None:
    previous = GraphicalLassoCV(cv=3).fit(window(0))
    assert GraphicalLasso(0.1).fit(window(1), previous=previous).converged_
    assert GraphicalLassoCV(cv=7).fit(window(1), previous=previous).converged_


def test_unnamed_assets_are_matched_by_place() -> None:
    previous = GraphicalLassoCV().fit(window(0).to_numpy())
    named = GraphicalLassoCV().fit(window(1), previous=GraphicalLassoCV().fit(window(0)))
    unnamed = GraphicalLassoCV().fit(window(1).to_numpy(), previous=previous)
    np.testing.assert_array_equal(unnamed.precision_, named.precision_)


def test_other_unnamed_assets_are_refused() -> None:
    previous = GraphicalLassoCV().fit(window(0).to_numpy())
    with pytest.raises(DataError, match="previous: was fitted to 20 assets, X has 15"):
        GraphicalLassoCV().fit(window(1).to_numpy()[:, :15], previous=previous)


def test_a_model_that_is_not_fitted_is_refused() -> None:
    with pytest.raises(NotFittedError, match="previous: this GraphicalLassoCV is not"):
        GraphicalLassoCV().fit(window(0), previous=GraphicalLassoCV())


def test_another_librarys_model_is_refused() -> None:
    theirs = sklearn.covariance.EmpiricalCovariance().fit(window(0))
    with pytest.raises(TypeError, match=r"got sklearn\.covariance\..*EmpiricalCovariance"):
        GraphicalLassoCV().fit(window(0), previous=theirs)


def test_the_previous_fit_stays_as_it_is() -> None:
    previous = GraphicalLassoCV().fit(window(0))
    before = pickle.dumps(previous)
    GraphicalLassoCV().fit(window(1), previous=previous)
    assert pickle.dumps(previous) == before


def test_a_fit_from_disk_starts_another_as_well() -> None:
    previous = GraphicalLassoCV().fit(window(0))
    stored = pickle.loads(pickle.dumps(previous))
    first, second = (
        GraphicalLassoCV().fit(window(1), previous=model) for model in (previous, stored)
    )
    np.testing.assert_array_equal(first.precision_, second.precision_)


def test_a_fit_of_no_asset_of_today_is_a_start_like_none() -> None:
    strangers = window(0).rename(columns=str.upper)
    previous = GraphicalLassoCV().fit(strangers)
    cold = GraphicalLassoCV().fit(window(0))
    warm = GraphicalLassoCV().fit(window(0), previous=previous)
    assert abs(np.log(warm.alpha_ / cold.alpha_)) <= 0.03
