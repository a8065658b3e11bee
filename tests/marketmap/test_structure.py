from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketmap.errors import ConfigError, DataError, NotEnoughDataError
from marketmap.estimator import fit_structure
from marketmap.preparation.standardise import standardise
from marketmap.settings import GraphSettings, MapSettings, ModelSettings, SimulatedSettings
from marketmap.structure import MarketStructure
from tests.support.markets import factor_returns


@pytest.fixture(scope="module")
def structure() -> MarketStructure:
    return fit_structure(factor_returns())


def test_groups_that_were_planted_become_clusters(structure: MarketStructure) -> None:
    assert structure.assets["cluster"].tolist() == [1] * 5 + [2] * 5 + [3] * 5
    assert structure.assets.groupby("cluster")["is_exemplar"].sum().tolist() == [1, 1, 1]


def test_every_matrix_and_position_is_labelled_by_asset(structure: MarketStructure) -> None:
    ids = structure.assets.index
    for matrix in (structure.correlation, structure.covariance, structure.precision):
        assert matrix.index.equals(ids)
        assert matrix.columns.equals(ids)
    assert structure.positions["lle_2d"].columns.tolist() == ["x", "y"]
    assert structure.positions["lle_3d"].columns.tolist() == ["x", "y", "z"]
    assert structure.positions["lle_3d"].index.equals(ids)


def test_correlation_is_that_of_the_returns(structure: MarketStructure) -> None:
    pd.testing.assert_frame_equal(structure.correlation, factor_returns().corr(), check_names=False)


def test_diagnostics_tell_the_window_and_the_fit(structure: MarketStructure) -> None:
    found = structure.diagnostics
    assert (found.n_assets, found.n_days) == (15, 200)
    assert (str(found.window_start), str(found.window_end)) == ("2024-01-01", "2024-07-18")
    assert structure.clusters.n_clusters == 3
    assert len(structure.edges) == structure.graph.number_of_edges()
    assert found.condition_number == pytest.approx(np.linalg.cond(structure.precision))
    assert found.alpha in structure.cv_scores["alpha"].to_numpy()
    assert found.failed_fits == (~np.isfinite(structure.cv_scores["mean_score"])).sum()
    assert found.converged
    assert structure.clusters.diagnostics["converged"]


def test_edges_lie_above_the_threshold_that_was_set() -> None:
    loose = fit_structure(factor_returns())
    tight = fit_structure(
        factor_returns(), ModelSettings.model_validate({"graph": {"edge_threshold": 0.1}})
    )
    assert (tight.edges["partial_correlation"].abs() > 0.1).all()
    assert len(tight.edges) < len(loose.edges)


def test_the_same_returns_give_the_same_result() -> None:
    one, two = fit_structure(factor_returns()), fit_structure(factor_returns())
    assert one.diagnostics == two.diagnostics
    pd.testing.assert_frame_equal(one.precision, two.precision, check_exact=True)
    for layout in one.positions:
        pd.testing.assert_frame_equal(
            one.positions[layout], two.positions[layout], check_exact=True
        )


def test_labels_are_matched_by_asset_id_and_the_id_stands_in_for_a_missing_one() -> None:
    returns = factor_returns()
    labels = pd.DataFrame({"symbol": ["B", "A"], "name": ["Bb", None]}, index=["a01", "a00"])
    assets = fit_structure(returns, labels=labels).assets
    assert assets.loc[["a00", "a01", "a02"], "symbol"].tolist() == ["A", "B", "a02"]
    assert assets.loc[["a00", "a01", "a02"], "name"].tolist() == ["A", "Bb", "a02"]


def test_missing_returns_become_the_mean_and_are_counted() -> None:
    returns = factor_returns()
    returns.iloc[3:7, 2] = np.nan
    standardised, n_filled = standardise(returns)
    assert n_filled == 4
    assert (standardised[3:7, 2] == 0.0).all()
    known = np.delete(standardised[:, 2], slice(3, 7))
    assert known.mean() == pytest.approx(0.0, abs=1e-12)
    assert known.std() == pytest.approx(1.0)
    assert fit_structure(returns).diagnostics.n_filled == 4


@settings(max_examples=30)
@given(st.integers(0, 1000), st.floats(1e-6, 1e6), st.floats(-1.0, 1.0))
def test_standardising_forgets_scale_and_level(seed: int, scale: float, level: float) -> None:
    returns = factor_returns(1, 3, 20, seed)
    plain, _ = standardise(returns)
    moved, _ = standardise(returns * scale + level * scale)
    np.testing.assert_allclose(moved, plain, atol=1e-6)


def spoiled(value: float) -> pd.DataFrame:
    returns = factor_returns()
    returns.iloc[5, 4] = value
    return returns


def test_an_infinite_return_is_refused_with_its_column() -> None:
    with pytest.raises(DataError, match="column 'a04' holds an infinite return"):
        fit_structure(spoiled(np.inf))


def test_an_asset_that_never_moves_is_refused_with_its_column() -> None:
    returns = factor_returns()
    returns["a07"] = 0.001
    with pytest.raises(DataError, match="column 'a07' never moves"):
        fit_structure(returns)


def test_an_asset_with_too_many_gaps_is_refused_and_others_are_counted() -> None:
    returns = factor_returns()
    returns.iloc[:30, [3, 5]] = np.nan
    with pytest.raises(DataError, match=r"column 'a03' \(and 1 more\) lacks more than 10%"):
        fit_structure(returns)


def test_text_is_refused_with_its_column() -> None:
    returns = factor_returns().astype({"a02": "object"})
    returns.iloc[0, 2] = "n/a"
    with pytest.raises(DataError, match="column 'a02' is not numeric"):
        fit_structure(returns)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="empty"):
        fit_structure(factor_returns().iloc[:0])


def test_fewer_days_than_a_map_needs_are_refused() -> None:
    fit_structure(factor_returns(n_days=30))
    with pytest.raises(NotEnoughDataError, match="29 days are too few; expected at least 30"):
        fit_structure(factor_returns(n_days=29))


def test_fewer_days_than_cross_validation_needs_are_refused_whatever_is_asked() -> None:
    with pytest.raises(NotEnoughDataError, match="9 days are too few for 5 folds"):
        fit_structure(factor_returns(n_days=9), min_days=5)


def test_a_dict_of_settings_is_read_as_in_config_yaml() -> None:
    tight = fit_structure(factor_returns(), {"graph": {"edge_threshold": 0.1}})
    assert tight.edge_threshold == 0.1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"graph": {"edge_treshold": 0.1}}, "unknown key .*; did you mean edge_threshold"),
        ({"edge_threshold": 0.1}, "unknown key 'edge_threshold'; it is a key of graph"),
        ({"model": {}}, "unknown key 'model'$"),
        ({"precision": {"folds": 1}}, "settings: precision.folds: expected a number greater"),
        ({"graph": 3}, "settings: graph: expected keys and values"),
        (GraphSettings(), "expected ModelSettings, got GraphSettings; write marketmap.Model"),
        (
            MapSettings(source=SimulatedSettings(kind="simulated")),
            "got MapSettings; write settings.model",
        ),
        ("model", "expected ModelSettings, got str"),
    ],
)
def test_settings_of_another_kind_are_refused_in_a_line(settings: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        fit_structure(factor_returns(), settings)
    assert "\n" not in str(error.value)


def test_labels_of_numeric_ids_are_matched_as_text() -> None:
    returns = factor_returns()
    returns.columns = range(1, 16)
    labels = pd.DataFrame({"symbol": ["BTC"], "name": ["Bitcoin"]}, index=[1])
    assert fit_structure(returns, labels=labels).assets.loc["1", "symbol"] == "BTC"


def test_labels_that_name_an_asset_twice_are_refused() -> None:
    labels = pd.DataFrame({"symbol": ["A", "B"], "name": ["A", "B"]}, index=["a00", "a00"])
    with pytest.raises(DataError, match="labels: asset 'a00' is there twice"):
        fit_structure(factor_returns(), labels=labels)
