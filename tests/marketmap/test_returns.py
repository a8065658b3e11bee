import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from marketmap.errors import DataError
from marketmap.returns import compute_returns

DAYS = pd.date_range("2024-02-27", periods=4, freq="D")


def closes(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=DAYS, dtype="float64")


def test_log_returns_are_differences_of_logarithms() -> None:
    returns = compute_returns(closes(A=[1.0, np.e, 1.0, 2.0]), "log")
    np.testing.assert_allclose(returns["A"], [1.0, -1.0, np.log(2.0)])
    assert list(returns.index) == list(DAYS[1:])


def test_simple_returns_are_fractions_of_the_day_before() -> None:
    returns = compute_returns(closes(A=[100.0, 110.0, 55.0, 55.0]), "simple")
    np.testing.assert_allclose(returns["A"], [0.1, -0.5, 0.0])


def test_an_intraday_return_is_positive_when_the_price_rose() -> None:
    opens = closes(A=[100.0, 100.0, 50.0, 10.0])
    returns = compute_returns(closes(A=[101.0, 110.0, 25.0, 10.0]), "intraday", opens)
    np.testing.assert_allclose(returns["A"], [0.1, -0.5, 0.0])


def test_intraday_returns_match_opens_by_date_and_asset_not_by_position() -> None:
    close = closes(A=[1.0, 2.0, 3.0, 4.0], B=[10.0, 20.0, 30.0, 40.0])
    opens = (close / 2.0)[["B", "A"]].iloc[::-1]
    assert (compute_returns(close, "intraday", opens) == 1.0).all(axis=None)


def test_intraday_returns_without_opens_are_refused() -> None:
    with pytest.raises(DataError, match="pass opens"):
        compute_returns(closes(A=[1.0, 2.0, 3.0, 4.0]), "intraday")


@pytest.mark.parametrize("kind", ["log", "simple"])
def test_no_return_spans_a_missing_day(kind: str) -> None:
    returns = compute_returns(closes(A=[1.0, np.nan, 4.0, 8.0]), kind)  # type: ignore[arg-type]
    assert returns["A"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize("price", [0.0, -1.0, np.inf])
def test_an_impossible_price_is_named_with_its_asset_and_day(price: float) -> None:
    with pytest.raises(DataError, match=r"B has a price of .* on 2024-02-29"):
        compute_returns(closes(A=[1.0] * 4, B=[1.0, 1.0, price, 1.0]))


def test_rows_without_dates_are_refused() -> None:
    with pytest.raises(DataError, match="index must hold dates, got RangeIndex"):
        compute_returns(pd.DataFrame({"A": [1.0, 2.0]}))


def test_days_out_of_order_are_refused() -> None:
    with pytest.raises(DataError, match="dates must rise"):
        compute_returns(closes(A=[1.0, 2.0, 3.0, 4.0]).iloc[::-1])


def test_an_asset_that_is_there_twice_is_refused() -> None:
    twice = closes(A=[1.0] * 4, B=[2.0] * 4).set_axis(["A", "A"], axis=1)
    with pytest.raises(DataError, match="column 'A' is there twice"):
        compute_returns(twice)


@given(arrays("float64", (4, 2), elements=st.floats(1e-6, 1e6)), st.floats(1e-3, 1e3))
def test_returns_do_not_depend_on_the_unit_of_price(
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]], unit: float
) -> None:
    prices = pd.DataFrame(values, index=DAYS, columns=["A", "B"])
    for kind in ("log", "simple"):
        np.testing.assert_allclose(
            compute_returns(prices * unit, kind),  # type: ignore[arg-type]
            compute_returns(prices, kind),  # type: ignore[arg-type]
            rtol=1e-9,
            atol=1e-9,
        )


def test_an_unknown_kind_of_return_is_refused() -> None:
    with pytest.raises(DataError, match="'lgo' are not known; expected one of: log, simple"):
        compute_returns(closes(A=[1.0, 2.0, 3.0, 4.0]), "lgo")  # type: ignore[arg-type]


def test_text_prices_are_refused_with_their_column() -> None:
    text = closes(A=[1.0] * 4, B=[2.0] * 4).astype({"B": "str"})
    with pytest.raises(DataError, match="column 'B' is not numeric"):
        compute_returns(text)
