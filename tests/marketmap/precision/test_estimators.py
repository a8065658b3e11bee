"""The estimators stand in for scikit-learn's: its own assertions hold of them."""

import inspect
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.covariance
from sklearn import config_context, datasets
from sklearn.base import clone
from sklearn.covariance import empirical_covariance
from sklearn.datasets import make_sparse_spd_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_info

from marketmap.errors import FitError
from marketmap.precision import GraphicalLasso, GraphicalLassoCV, graphical_lasso, kernel
from tests.support.precision import Matrix, covariance_of, draw_returns

RETURNS = draw_returns(200, 8, 0)
TRUE_COVARIANCE = np.array(
    [[0.8, 0.0, 0.2, 0.0], [0.0, 0.4, 0.0, 0.0], [0.2, 0.0, 0.3, 0.1], [0.0, 0.0, 0.1, 0.7]]
)


def sample(n_days: int, seed: int) -> Matrix:
    draw = np.random.default_rng(seed)
    return draw.multivariate_normal(np.zeros(4), TRUE_COVARIANCE, size=n_days)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks([GraphicalLasso(), GraphicalLassoCV()])
def test_scikit_learns_checks_of_estimators_pass(estimator: object, check: object) -> None:
    check(estimator)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["GraphicalLasso", "GraphicalLassoCV"])
def test_parameters_and_their_defaults_are_scikit_learns(name: str) -> None:
    theirs = getattr(sklearn.covariance, name)()
    ours = {"GraphicalLasso": GraphicalLasso, "GraphicalLassoCV": GraphicalLassoCV}[name]()
    assert ours.get_params() == theirs.get_params()
    assert isinstance(ours, type(theirs))


def test_the_functions_parameters_are_scikit_learns() -> None:
    theirs = inspect.signature(sklearn.covariance.graphical_lasso).parameters
    ours = inspect.signature(graphical_lasso).parameters
    assert list(ours) == list(theirs)
    for name, parameter in theirs.items():
        assert ours[name].default == parameter.default
        assert ours[name].kind == parameter.kind


def test_whatever_scikit_learns_learns_is_learned() -> None:
    theirs = sklearn.covariance.GraphicalLassoCV().fit(RETURNS)
    ours = GraphicalLassoCV().fit(RETURNS)
    learned = {name for name in vars(theirs) if name.endswith("_")}
    assert learned <= set(vars(ours))
    assert set(theirs.cv_results_) <= set(ours.cv_results_)
    assert {"dual_gap_", "converged_"} <= set(vars(ours))


# What follows restates scikit-learn's tests of its own graphical lasso.


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("alpha", [0.1, 0.25])
def test_costs_never_rise(seed: int, alpha: float) -> None:
    random_state = np.random.RandomState(seed)
    true_covariance = np.linalg.inv(
        make_sparse_spd_matrix(10, alpha=0.95, random_state=random_state)
    )
    returns = random_state.multivariate_normal(np.zeros(10), true_covariance, size=100)
    covariance = empirical_covariance(returns)
    _, _, costs = graphical_lasso(covariance, alpha, tol=1e-7, return_costs=True)
    assert (np.diff(np.array(costs), axis=0) <= 1e-10).all()
    assert costs[-1][1] <= 1e-7
    model = GraphicalLasso(alpha, tol=1e-7).fit(returns)
    assert np.isfinite(model.score(returns))
    np.testing.assert_allclose(
        model.covariance_, graphical_lasso(covariance, alpha, tol=1e-7)[0], rtol=1e-6
    )


def test_centred_returns_need_not_be_centred() -> None:
    centred = RETURNS - RETURNS.mean(axis=0)
    first, second = (GraphicalLasso(assume_centered=flag).fit(centred) for flag in (False, True))
    np.testing.assert_allclose(first.precision_, second.precision_, atol=1e-6)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_more_sweeps_are_made_than_allowed() -> None:
    returns, _ = datasets.make_classification(n_samples=5_000, n_features=20, random_state=0)
    covariance = empirical_covariance(returns)
    *_, n_iter = graphical_lasso(covariance, 0.2, tol=1e-15, max_iter=2, return_n_iter=True)
    assert n_iter == 2


def test_iris_gives_the_solution_of_rs_glasso() -> None:
    """R: glasso(cov, 1.0, penalize.diagonal = FALSE)."""
    expected_covariance = [
        [0.68112222, 0.0000000, 0.265820, 0.02464314],
        [0.00000000, 0.1887129, 0.000000, 0.00000000],
        [0.26582000, 0.0000000, 3.095503, 0.28697200],
        [0.02464314, 0.0000000, 0.286972, 0.57713289],
    ]
    expected_precision = [
        [1.5190747, 0.000000, -0.1304475, 0.0000000],
        [0.0000000, 5.299055, 0.0000000, 0.0000000],
        [-0.1304475, 0.000000, 0.3498624, -0.1683946],
        [0.0000000, 0.000000, -0.1683946, 1.8164353],
    ]
    covariance, precision = graphical_lasso(
        empirical_covariance(datasets.load_iris().data), 1.0, tol=1e-12
    )
    np.testing.assert_allclose(covariance, expected_covariance, atol=1e-6)
    np.testing.assert_allclose(precision, expected_precision, atol=1e-6)


def test_two_columns_of_iris_give_the_solution_of_quic() -> None:
    covariance, precision = graphical_lasso(
        empirical_covariance(datasets.load_iris().data[:, 2:]), 0.1, tol=1e-12
    )
    np.testing.assert_allclose(
        covariance, [[3.09550269, 1.186972], [1.186972, 0.57713289]], atol=1e-6
    )
    np.testing.assert_allclose(
        precision, [[1.52836773, -3.14334831], [-3.14334831, 8.19753385]], atol=1e-6
    )


def test_three_rows_of_iris_give_the_solution_of_rs_glasso() -> None:
    """R: glasso(cov, 0.01, penalize.diagonal = FALSE); the covariance has not full rank."""
    expected_covariance = [
        [0.08, 0.056666662595, 0.00229729713223, 0.00153153142149],
        [0.056666662595, 0.082222222222, 0.00333333333333, 0.00222222222222],
        [0.002297297132, 0.003333333333, 0.00666666666667, 0.00009009009009],
        [0.001531531421, 0.002222222222, 0.00009009009009, 0.00222222222222],
    ]
    expected_precision = [
        [24.42244057, -16.831679593, 0.0, 0.0],
        [-16.83168201, 24.351841681, -6.206896552, -12.5],
        [0.0, -6.206896171, 153.103448276, 0.0],
        [0.0, -12.499999143, 0.0, 462.5],
    ]
    covariance, precision = graphical_lasso(
        empirical_covariance(datasets.load_iris().data[10:13]), 0.01, tol=1e-12
    )
    np.testing.assert_allclose(covariance, expected_covariance, atol=1e-6)
    np.testing.assert_allclose(precision, expected_precision, atol=1e-5)


def test_six_days_are_enough_to_be_cross_validated(capsys: pytest.CaptureFixture[str]) -> None:
    GraphicalLassoCV(verbose=100, alphas=5, tol=1e-1).fit(sample(6, 0))
    assert "[GraphicalLassoCV] alpha" in capsys.readouterr().out


@pytest.mark.parametrize("container", [list, tuple, np.array])
def test_the_penalties_to_try_can_be_given(container: type) -> None:
    model = GraphicalLassoCV(alphas=container([0.02, 0.03, 0.02]), n_jobs=1).fit(sample(200, 0))
    assert model.cv_results_["alphas"].tolist() == [0.03, 0.02]
    assert model.alpha_ in (0.02, 0.03)


@pytest.mark.parametrize(
    ("alphas", "error", "message"),
    [
        ([-0.02, 0.03], ValueError, "must be > 0"),
        ([0, 0.03], ValueError, "must be > 0"),
        ([np.inf, 0.03], ValueError, "must be > 0 and finite"),
        (["not_number", 0.03], TypeError, "must be an instance of float"),
    ],
)
def test_penalties_that_are_none_are_refused(
    alphas: list[object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        GraphicalLassoCV(alphas=alphas).fit(sample(200, 0))


def assert_consistent(model: GraphicalLassoCV, n_folds: int) -> None:
    results = model.cv_results_
    size = len(results["alphas"])
    scores = np.array([results[f"split{fold}_test_score"] for fold in range(n_folds)])
    assert scores.shape == (n_folds, size)
    np.testing.assert_allclose(results["mean_test_score"], scores.mean(axis=0))
    np.testing.assert_allclose(results["std_test_score"], scores.std(axis=0))
    assert (np.diff(results["alphas"]) < 0).all()
    assert model.alpha_ in results["alphas"]
    for fold in range(n_folds):
        assert results[f"split{fold}_converged"].all()
        assert (results[f"split{fold}_dual_gap"] >= 0).all()


@pytest.mark.parametrize("n_folds", [2, 4, 7])
def test_scores_are_told_of_every_fold(n_folds: int) -> None:
    model = GraphicalLassoCV(cv=n_folds, alphas=5, n_refinements=3).fit(sample(200, 0))
    assert_consistent(model, n_folds)


@config_context(enable_metadata_routing=True)
def test_groups_are_handed_to_the_splitter() -> None:
    groups = np.random.default_rng(0).integers(0, 5, 300)
    splitter = GroupKFold(n_splits=5).set_split_request(groups=True)
    assert_consistent(GraphicalLassoCV(cv=splitter).fit(sample(300, 0), groups=groups), 5)


# What follows is said by our own documentation.


def test_groups_without_routing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[groups\] are not expected .*enable_metadata_routing"):
        GraphicalLassoCV().fit(RETURNS, groups=np.zeros(200))


@pytest.mark.parametrize(
    "splitter", [None, 3, KFold(4, shuffle=True, random_state=0), TimeSeriesSplit(4)]
)
@pytest.mark.parametrize("centred", [False, True])
def test_a_folds_score_is_that_of_a_fit_to_its_days(splitter: object, centred: bool) -> None:
    model = GraphicalLassoCV(cv=splitter, assume_centered=centred).fit(RETURNS)
    chosen = model.cv_results_["alphas"].tolist().index(model.alpha_)
    splits = sklearn.model_selection.check_cv(splitter).split(RETURNS)
    for fold, (train, test) in enumerate(splits):
        alone = GraphicalLasso(model.alpha_, tol=1e-9, assume_centered=centred).fit(RETURNS[train])
        score = model.cv_results_[f"split{fold}_test_score"][chosen]
        assert score == pytest.approx(alone.score(RETURNS[test]), abs=2e-3)


def test_with_few_days_an_asset_a_dip_does_not_hide_the_better_penalty_behind_it() -> None:
    returns = draw_returns(48, 33, 15) * np.logspace(-1, 1, 33)
    scores = GraphicalLassoCV(alphas=np.geomspace(0.2, 8, 40)).fit(returns).cv_results_
    assert GraphicalLassoCV().fit(returns).cv_results_["mean_test_score"].max() == pytest.approx(
        scores["mean_test_score"].max(), rel=1e-3
    )


def test_the_chosen_penalty_is_the_one_that_is_fitted() -> None:
    model = GraphicalLassoCV(tol=1e-8).fit(RETURNS)
    alone = GraphicalLasso(model.alpha_, tol=1e-8).fit(RETURNS)
    np.testing.assert_allclose(model.precision_, alone.precision_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("n_jobs", [1, 2, -1, None])
def test_the_number_of_threads_changes_no_digit(n_jobs: int | None) -> None:
    returns = draw_returns(120, 70, 1)
    alone = GraphicalLassoCV(n_jobs=1).fit(returns)
    model = GraphicalLassoCV(n_jobs=n_jobs).fit(returns)
    np.testing.assert_array_equal(model.precision_, alone.precision_)
    np.testing.assert_array_equal(
        model.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("option", [{"mode": "lars"}, {"enet_tol": 1e-6}, {"eps": 1e-10}])
def test_options_without_a_meaning_are_refused(option: dict[str, object]) -> None:
    for model in (GraphicalLasso(**option), GraphicalLassoCV(**option)):
        with pytest.raises(ValueError, match="has no meaning for this solver"):
            model.fit(RETURNS)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"alpha": -1.0}, "The 'alpha' parameter of GraphicalLasso must be a float in the range"),
        ({"tol": 0.0}, "The 'tol' parameter of GraphicalLasso must be a float in the range"),
        ({"max_iter": 1.5}, "The 'max_iter' parameter of GraphicalLasso must be an int"),
    ],
)
def test_options_out_of_bounds_are_refused(option: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GraphicalLasso(**option).fit(RETURNS)


def test_a_fit_that_has_not_converged_says_so() -> None:
    covariance = covariance_of(draw_returns(40, 30, 0))
    with pytest.warns(ConvergenceWarning, match="did not converge: after 2 sweeps the duality gap"):
        model = GraphicalLasso(0.02, covariance="precomputed", max_iter=2, tol=1e-12).fit(
            covariance
        )
    assert not model.converged_
    assert model.dual_gap_ > 1e-12
    assert model.n_iter_ == 2


def test_a_fit_that_may_not_begin_is_an_error() -> None:
    with pytest.raises(FitError, match=r"no precision matrix was found at alpha = 0\.01 in 0"):
        GraphicalLasso(max_iter=0).fit(RETURNS)


def test_cross_validation_without_a_solution_is_an_error() -> None:
    with pytest.raises(FitError, match="no penalty of the 2 tried has a solution in every fold"):
        GraphicalLassoCV(alphas=[0.1, 0.2], max_iter=0).fit(RETURNS)


def test_names_of_columns_are_kept_and_a_clone_forgets_them() -> None:
    table = pd.DataFrame(RETURNS, columns=[f"asset{i}" for i in range(8)])
    model = GraphicalLassoCV().fit(table)
    assert model.feature_names_in_.tolist() == list(table.columns)
    assert not hasattr(clone(model), "covariance_")
    np.testing.assert_array_equal(model.precision_, GraphicalLassoCV().fit(RETURNS).precision_)


@pytest.mark.parametrize("as_masks", [False, True])
def test_splits_can_be_places_or_masks(as_masks: bool) -> None:
    blocks = [np.arange(200) // 40 == fold for fold in range(5)]
    splits = [(~block, block) for block in blocks]
    if not as_masks:
        splits = [(np.flatnonzero(train), np.flatnonzero(test)) for train, test in splits]
    model = GraphicalLassoCV(cv=splits).fit(RETURNS)
    assert model.alpha_ == pytest.approx(GraphicalLassoCV().fit(RETURNS).alpha_)


def test_splits_without_days_are_refused() -> None:
    days, none = np.arange(200), np.arange(0)
    with pytest.raises(ValueError, match="fold 0 fits 0 days and leaves out 200"):
        GraphicalLassoCV(cv=[(none, days)]).fit(RETURNS)
    with pytest.raises(ValueError, match="fold 0 fits 200 days and leaves out 0"):
        GraphicalLassoCV(cv=[(days, none)]).fit(RETURNS)
    once = GraphicalLassoCV(cv=iter([(days[:100], days[100:])]))
    once.fit(RETURNS)
    with pytest.raises(ValueError, match="cv gives no splits"):
        GraphicalLassoCV(cv=[]).fit(RETURNS)


@pytest.mark.parametrize("alphas", [[], np.array([]), np.array(0.1), [[0.1, 0.2]]])
def test_no_penalties_are_refused(alphas: object) -> None:
    with pytest.raises(ValueError, match=r"expected a number, or a list|must be"):
        GraphicalLassoCV(alphas=alphas).fit(RETURNS)


@pytest.mark.parametrize(
    ("alphas", "n_refinements"), [(1, 1), (2, 1), (1, 9), (3, 50), (500, 4), (10**9, 10**9)]
)
def test_any_number_of_penalties_and_grids_ends(alphas: int, n_refinements: int) -> None:
    model = GraphicalLassoCV(alphas=alphas, n_refinements=n_refinements).fit(RETURNS)
    assert model.converged_


def test_a_grid_without_penalties_is_refused() -> None:
    with pytest.raises(ValueError, match="alphas=0 must be at least 1"):
        GraphicalLassoCV(alphas=0).fit(RETURNS)


@pytest.mark.parametrize("alpha", [1, np.float32(0.5), np.float16(0.5), np.longdouble(0.5), True])
def test_the_kernel_is_compiled_for_one_type_of_number(alpha: object) -> None:
    GraphicalLasso(alpha, tol=np.float32(1e-3)).fit(RETURNS * 3)
    assert len(kernel.solve.signatures) == 1


def test_beyond_the_largest_penalty_the_objective_is_that_of_separate_assets() -> None:
    previous = GraphicalLasso(0.001).fit(RETURNS)
    for alpha in (1e9, 1e20, np.inf):
        model = GraphicalLasso(alpha).fit(RETURNS, previous=previous)
        assert np.count_nonzero(model.precision_) == 8
        assert model.costs_ == [(pytest.approx(8 + np.log(RETURNS.var(axis=0)).sum()), 0.0)]


def test_fits_at_the_same_time_leave_blas_as_it_was() -> None:
    before = [library["num_threads"] for library in threadpool_info()]
    alone = GraphicalLassoCV().fit(RETURNS).precision_
    with ThreadPoolExecutor(4) as executor:
        for model in executor.map(lambda _: GraphicalLassoCV().fit(RETURNS), range(12)):
            np.testing.assert_array_equal(model.precision_, alone)
    assert [library["num_threads"] for library in threadpool_info()] == before


def test_many_sweeps_may_be_allowed_without_a_price() -> None:
    assert GraphicalLasso(0.1, max_iter=10**12).fit(RETURNS).converged_


def test_folds_that_did_not_converge_are_told() -> None:
    returns = draw_returns(60, 20, 0).repeat(2, axis=1)
    returns += 0.01 * np.random.default_rng(0).normal(size=returns.shape)
    with pytest.warns(ConvergenceWarning, match=r"of the \d+ fits of the cross-validation did not"):
        GraphicalLassoCV(alphas=[1e-4, 1e-3], tol=10.0, max_iter=15).fit(returns)
