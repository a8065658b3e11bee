import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.covariance
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from marketmap.clustering.affinity import AffinityPropagation
from marketmap.clustering.base import Clustering
from marketmap.embedding.locally_linear import LocallyLinear
from marketmap.errors import DataError, NotEnoughDataError
from marketmap.estimator import MarketMap, fit_structure
from marketmap.precision import GraphicalLassoCV
from marketmap.settings import ModelSettings
from tests.support.markets import factor_returns


def _wrong_of_scikit_learn(_: MarketMap) -> dict[str, str]:
    return {
        "check_estimators_pickle": "takes allow_nan for any share of NaN: leaves out more than a "
        "tenth of an asset's returns, of which no map is made; see the test of pickling below"
    }


@pytest.mark.filterwarnings("ignore::UserWarning")  # of few days, or noise
@parametrize_with_checks([MarketMap()], expected_failed_checks=_wrong_of_scikit_learn)
def test_it_is_a_scikit_learn_estimator(estimator: MarketMap, check: Any) -> None:
    check(estimator)


def test_a_fitted_map_comes_back_from_a_pickle_gaps_included() -> None:
    returns = factor_returns()
    returns.iloc[3:7, 2] = np.nan
    model = MarketMap().fit(returns)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.labels_, model.labels_)
    pd.testing.assert_frame_equal(again.structure_.precision, model.structure_.precision)


def test_what_it_learned_is_that_of_its_structure() -> None:
    model = MarketMap().fit(factor_returns())
    structure = model.structure_
    assert model.labels_.tolist() == [1] * 5 + [2] * 5 + [3] * 5
    assert model.labels_.tolist() == structure.assets["cluster"].tolist()
    np.testing.assert_array_equal(model.precision_, structure.precision)
    np.testing.assert_array_equal(model.covariance_, structure.covariance)
    assert model.alpha_ == structure.diagnostics.alpha
    assert model.n_features_in_ == 15
    assert model.feature_names_in_.tolist() == structure.assets.index.tolist()


def test_it_does_by_default_what_settings_do_by_default() -> None:
    one, two = MarketMap().fit(factor_returns()).structure_, fit_structure(factor_returns())
    assert one.diagnostics == two.diagnostics
    pd.testing.assert_frame_equal(one.precision, two.precision, check_exact=True)
    pd.testing.assert_frame_equal(one.assets, two.assets)
    for layout, positions in one.positions.items():
        pd.testing.assert_frame_equal(positions, two.positions[layout], check_exact=True)


@pytest.mark.parametrize("method", ["marketmap", "scikit-learn"])
def test_every_setting_becomes_a_parameter(method: str) -> None:
    settings = ModelSettings.model_validate(
        {
            "precision": {"method": method, "alphas": [0.1, 0.2], "folds": 3, "tol": 1e-3},
            "clustering": {"preference": 0.1, "damping": 0.8, "seed": 4},
            "embedding": {"neighbours": 4, "seed": 5},
            "graph": {"edge_threshold": 0.1},
        }
    )
    found = MarketMap.from_settings(settings).get_params()
    assert found["precision__alphas"] == [0.1, 0.2]
    assert (found["precision__cv"], found["precision__tol"]) == (3, 1e-3)
    assert found["clustering__preference"] == 0.1
    assert (found["clustering__damping"], found["clustering__seed"]) == (0.8, 4)
    assert (found["embedding__neighbours"], found["embedding__seed"]) == (4, 5)
    assert found["edge_threshold"] == 0.1
    own = isinstance(found["precision"], GraphicalLassoCV)
    assert own == (method == "marketmap")
    assert isinstance(found["precision"], sklearn.covariance.GraphicalLassoCV)


def test_nested_parameters_are_set_cloned_and_used_and_parts_stay_unfitted() -> None:
    model = MarketMap(GraphicalLassoCV(), AffinityPropagation(), LocallyLinear())
    model.set_params(precision__alphas=[0.2], clustering__preference=0.9, embedding__neighbours=3)
    copy = clone(model).fit(factor_returns())
    assert copy.alpha_ == 0.2
    assert copy.structure_.clusters.n_clusters > 3
    assert not hasattr(copy.precision, "precision_")
    assert not hasattr(copy.clustering, "clustering_")
    assert not hasattr(copy.embedding, "layouts_")


class OneGroup(AffinityPropagation):
    """A method of another kind: no exemplars, one asset that is noise."""

    def fit(self, X: pd.DataFrame, y: object = None) -> "OneGroup":
        labels = pd.Series(1, index=X.index, name="cluster")
        labels.iloc[0] = 0
        self.clustering_ = Clustering("one_group", labels, None, {})
        return self


def test_another_clustering_method_can_stand_behind_the_same_protocol() -> None:
    model = MarketMap(clustering=OneGroup()).fit(factor_returns())
    assert model.labels_.tolist() == [0] + [1] * 14
    assert list(model.structure_.clusterings) == ["one_group"]
    assert not model.structure_.assets["is_exemplar"].any()


def test_an_array_is_taken_as_rows_in_order_and_columns_by_number() -> None:
    returns = factor_returns()
    model = MarketMap().fit(returns.to_numpy())
    found = model.structure_
    assert found.assets.index.tolist() == [str(i) for i in range(15)]
    assert found.assets["symbol"].tolist() == found.assets.index.tolist()
    assert (found.diagnostics.window_start, found.diagnostics.window_end) == (None, None)
    assert not hasattr(model, "feature_names_in_")
    np.testing.assert_allclose(model.precision_, MarketMap().fit(returns).precision_)


def test_a_table_without_dates_is_taken_as_rows_in_order() -> None:
    undated = MarketMap().fit(factor_returns().reset_index(drop=True)).structure_
    assert undated.diagnostics.window_start is None
    assert fit_structure(factor_returns()).diagnostics.window_start is not None
    with pytest.raises(DataError, match="the index must hold dates, got RangeIndex"):
        fit_structure(factor_returns().reset_index(drop=True))


def test_dates_that_run_backwards_are_refused() -> None:
    with pytest.raises(DataError, match="dates must rise"):
        MarketMap().fit(factor_returns().iloc[::-1])


def test_a_column_that_is_there_twice_is_refused_dates_or_none() -> None:
    twice = factor_returns().reset_index(drop=True).rename(columns={"a01": "a00"})
    with pytest.raises(DataError, match="column 'a00' is there twice"):
        MarketMap().fit(twice)


@pytest.mark.filterwarnings("ignore:There are no groups")  # of two assets
@pytest.mark.parametrize("n_assets", [2, 4])
def test_few_assets_are_mapped_by_the_estimator_and_refused_under_settings(n_assets: int) -> None:
    returns = factor_returns(1, n_assets)
    structure = MarketMap().fit(returns).structure_
    assert structure.layouts["lle_3d"].diagnostics["neighbours"] == n_assets - 1
    with pytest.raises(NotEnoughDataError, match="expected at least 7"):
        fit_structure(returns)


def test_labels_are_those_of_the_assets() -> None:
    labels = pd.DataFrame({"symbol": ["BTC"], "name": ["Bitcoin"]}, index=["a00"])
    structure = MarketMap().fit(factor_returns(), labels=labels).structure_
    assert structure.assets.loc["a00", "name"] == "Bitcoin"


def test_folds_that_are_too_many_for_the_days_are_refused_however_they_are_told() -> None:
    for model, needed in ((MarketMap(), 10), (MarketMap(GraphicalLassoCV(cv=7)), 14)):
        with pytest.raises(NotEnoughDataError, match=f"expected at least {needed}"):
            model.fit(factor_returns(n_days=9))
    with pytest.raises(NotEnoughDataError, match="for 5 folds"):
        MarketMap(GraphicalLassoCV()).fit(factor_returns(n_days=9))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_no_partial_correlation_can_have_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="expected from 0 to 1"):
        MarketMap(edge_threshold=threshold).fit(factor_returns())
