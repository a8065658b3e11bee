import numpy as np
import pandas as pd
import pytest

from marketmap.doubts import beyond_chance, doubts_of
from marketmap.estimator import MarketMap, fit_structure
from marketmap.settings import ModelSettings
from tests.support.markets import factor_returns
from tests.support.structures import make_structure

DAYS = pd.bdate_range("2024-01-01", periods=250)


def independent(seed: int, n_assets: int = 12) -> pd.DataFrame:
    values = np.random.default_rng(seed).standard_t(4, size=(len(DAYS), n_assets))
    return pd.DataFrame(0.02 * values, DAYS, [f"n{i:02d}" for i in range(n_assets)])


@pytest.mark.parametrize("seed", range(5))
def test_assets_that_have_nothing_in_common_are_told_as_no_structure(seed: int) -> None:
    with pytest.warns(UserWarning, match="There is no structure to show"):
        structure = fit_structure(independent(seed))
    assert "DOUBT       There is no structure to show\n" in repr(structure)


def test_the_estimator_says_so_too() -> None:
    with pytest.warns(UserWarning, match="by chance 0.0040"):
        MarketMap().fit(independent(0).to_numpy())


@pytest.mark.parametrize("n_groups", [2, 3, 5])
def test_a_market_of_groups_is_no_doubt(n_groups: int) -> None:
    assert doubts_of(fit_structure(factor_returns(n_groups))) == []


def test_one_pair_among_independent_assets_is_a_structure() -> None:
    returns = independent(0)
    returns["n01"] = returns["n00"] + 0.5 * returns["n01"]
    assert doubts_of(fit_structure(returns)) == []


def test_a_penalty_that_leaves_no_edge_is_told() -> None:
    settings = ModelSettings.model_validate({"graph": {"edge_threshold": 0.9}})
    with pytest.warns(UserWarning, match="no partial correlation is above 0.9"):
        fit_structure(factor_returns(), settings)


def test_chance_alone_gives_zero() -> None:
    assert beyond_chance(1 / 99, n_assets=10, n_days=100) == pytest.approx(0.0)
    assert beyond_chance(2 / 99, n_assets=10, n_days=100) == pytest.approx(np.sqrt(45 / 2))


def test_a_run_of_an_earlier_version_is_not_doubted() -> None:
    assert doubts_of(make_structure([1, 1, 2], [(0, 1, 0.5)])) == []


NOISE = np.random.default_rng(7).normal(size=200)
BASE = factor_returns()


@pytest.mark.parametrize(
    ("column", "told", "not_told"),
    [
        (-BASE["a00"] + 1e-4 * NOISE, ("above all a00 (-", "above all x (-"), "a01"),
        (3 * BASE["a00"] + 1e-4 * NOISE, ("above all a00 (+", "above all x (+"), "a01"),
        (0.5 * BASE["a00"] + 0.5 * BASE["a07"], ("x is nearly", "a00 (+1.000)", "a07 (+1"), "a01"),
        (BASE["a00"] - BASE["a07"], ("x is nearly", "a00 (+1.000)", "a07 (-1.000)"), "a01"),
        (BASE.mean(axis=1) + 1e-5 * NOISE, ("x is nearly", "99.99% of its variance"), "none"),
    ],
    ids=["inverse", "leveraged", "basket", "spread", "index"],
)
def test_what_others_are_the_sum_of_is_named(
    column: "pd.Series[float]", told: tuple[str, ...], not_told: str
) -> None:
    with pytest.warns(UserWarning, match="is nearly the same as others together") as caught:
        structure = fit_structure(BASE.assign(x=column))
    (doubt,) = doubts_of(structure)
    assert [str(warning.message) for warning in caught] == [doubt]
    assert any(words in doubt for words in told[:2])
    assert all(words in doubt for words in told[2:])
    assert not_told not in doubt
    assert structure.diagnostics.explained > 0.999


def test_a_copy_that_a_large_penalty_hides_is_named() -> None:
    settings = ModelSettings.model_validate({"precision": {"alphas": [0.3]}})
    with pytest.warns(UserWarning, match=r"(a00|x) is nearly the same .* above all (x|a00)"):
        fit_structure(BASE.assign(x=-BASE["a00"] + 1e-5 * NOISE), settings)


def test_share_classes_are_no_doubt() -> None:
    assert doubts_of(fit_structure(BASE.assign(x=BASE["a00"] + 2e-3 * NOISE))) == []


def test_few_days_are_told_where_they_are_let_through() -> None:
    with pytest.warns(UserWarning, match="20 days are few"):
        fit_structure(factor_returns(n_days=20), min_days=20)
    with pytest.warns(UserWarning, match="20 days are few"):
        MarketMap().fit(factor_returns(n_days=20))
