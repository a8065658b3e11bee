"""Yesterday's fit starts today's, and changes nothing but the time it takes."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from marketmap.errors import DataError
from marketmap.precision import GraphicalLasso, GraphicalLassoCV
from tests.support.precision import draw_returns

DAYS = pd.DataFrame(draw_returns(130, 20, 0), columns=[f"asset{i:02d}" for i in range(20)])


def window(day: int) -> pd.DataFrame:
    return DAYS.iloc[day : day + 120]


def visits(model: GraphicalLassoCV) -> int:
    return len(model.cv_results_["alphas"])


def test_a_warm_search_ends_where_a_full_one_does_after_fewer_visits() -> None:
    previous = GraphicalLassoCV().fit(window(0))
    for day in range(1, 11):
        full = GraphicalLassoCV().fit(window(day))
        warm = GraphicalLassoCV().fit(window(day), previous=previous)
        assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03
        assert visits(warm) < visits(full)
        assert warm.converged_
        previous = warm


def test_a_warm_fit_is_the_cold_one_after_fewer_sweeps() -> None:
    yesterday = GraphicalLasso(0.1, tol=1e-10).fit(window(0))
    cold = GraphicalLasso(0.1, tol=1e-10).fit(window(1))
    warm = GraphicalLasso(0.1, tol=1e-10).fit(window(1), previous=yesterday)
    np.testing.assert_allclose(warm.precision_, cold.precision_, atol=1e-5)
    assert warm.n_iter_ < cold.n_iter_


def test_the_same_days_again_take_one_sweep() -> None:
    model = GraphicalLasso(0.1).fit(window(0))
    assert GraphicalLasso(0.1).fit(window(0), previous=model).n_iter_ == 1


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


@pytest.mark.parametrize("previous", [GraphicalLasso(0.2), GraphicalLasso(0.0), GraphicalLasso(50)])
def test_a_fit_at_a_given_penalty_can_start_a_search(previous: GraphicalLasso) -> None:
    full = GraphicalLassoCV().fit(window(0))
    warm = GraphicalLassoCV().fit(window(0), previous=previous.fit(window(1)))
    assert abs(np.log(warm.alpha_ / full.alpha_)) <= 0.03


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
    with pytest.raises(NotFittedError):
        GraphicalLassoCV().fit(window(0), previous=GraphicalLassoCV())


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
