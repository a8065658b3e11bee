import numpy as np
import pandas as pd
import pytest

from marketmap.errors import DataError
from marketmap.estimator import MarketMap, fit_structure
from marketmap.preparation.levels import check_returns
from tests.support.markets import factor_returns

PRICES = "these look like prices: all above 0"
LEVELS = "these look like log prices or cumulative returns"


def closes(n_days: int = 200, seed: int = 0) -> pd.DataFrame:
    return 100 * np.exp(factor_returns(n_days=n_days, seed=seed).cumsum())


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (closes(), PRICES),
        (closes() / closes().iloc[0], PRICES),
        (1e-6 * closes(), PRICES),
        (np.exp(factor_returns() / 100), PRICES),  # coins that are pegged to 1
        (1 + factor_returns(), PRICES),
        (closes().astype("object"), PRICES),
        (closes().where(np.random.default_rng(0).random(closes().shape) > 0.02), PRICES),
        (np.log(closes() / 100), LEVELS),
        (factor_returns().cumsum(), LEVELS),
        (100 * ((1 + factor_returns()).cumprod() - 1), LEVELS),
        (-closes(), LEVELS),
    ],
    ids=[
        "prices", "rebased", "tiny", "pegged", "gross", "object", "gaps", "log", "sum", "percent",
        "short",
    ],
)  # fmt: skip
def test_levels_of_every_kind_are_refused(table: pd.DataFrame, told: str) -> None:
    for fit in (fit_structure, MarketMap().fit):
        with pytest.raises(DataError, match=f"returns: {told}") as error:
            fit(table)
        assert "compute_returns" in str(error.value)


@pytest.mark.parametrize("n_days", [30, 60, 365])
def test_levels_are_refused_and_returns_are_not_in_short_windows_and_long_ones(n_days: int) -> None:
    for seed in range(20):
        returns = factor_returns(n_days=n_days, seed=seed)
        check_returns(returns, stacklevel=1)
        check_returns(100 * returns, stacklevel=1)
        for levels in (closes(n_days, seed), returns.cumsum()):
            with pytest.raises(DataError, match="these look like"):
                check_returns(levels, stacklevel=1)


def test_heavy_tails_and_a_crash_are_no_levels() -> None:
    draw = np.random.default_rng(0)
    returns = pd.DataFrame(0.02 * draw.standard_t(2, size=(60, 10)))
    returns.iloc[30] = -0.5
    check_returns(returns, stacklevel=1)


def test_overlapping_returns_of_a_week_are_no_levels() -> None:
    fit_structure(factor_returns().rolling(7).sum().iloc[7:])


def test_a_single_column_of_prices_is_warned_of_by_name() -> None:
    returns = factor_returns().assign(a03=closes()["a03"], a05=closes()["a05"])
    with pytest.warns(UserWarning, match=r"returns: column 'a03' \(and 1 more\) looks like prices"):
        fit_structure(returns)


def test_rows_without_days_are_warned_of() -> None:
    for table in (closes().to_numpy(), closes().reset_index(drop=True)):
        with pytest.warns(UserWarning, match=PRICES):
            MarketMap().fit(table)


def test_percent_make_the_same_map_as_fractions() -> None:
    one, two = fit_structure(factor_returns()), fit_structure(100 * factor_returns())
    assert one.assets.equals(two.assets)
    np.testing.assert_allclose(one.precision, two.precision)
