from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from marketmap.errors import DataError, MarketmapError
from marketmap.estimator import MarketMap, fit_structure
from marketmap.returns import compute_returns
from marketmap.tables import read_table
from tests.support.markets import factor_returns

DAYS = pd.date_range("2025-01-01", periods=4, name="date")
CLOSES = pd.DataFrame({"A": [1.0, 2.0, 4.0, 8.0], "B": [8.0, 4.0, 2.0, 1.0]}, index=DAYS)
RETURNS = compute_returns(CLOSES)
FIELDS = pd.concat(dict.fromkeys(("Close", "Open"), CLOSES), axis=1, names=["Price", "Ticker"])


def decimals(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype("object").map(lambda value: Decimal(str(value)))


@pytest.mark.parametrize(
    "given",
    [
        decimals(CLOSES).astype(pd.ArrowDtype(pa.decimal128(20, 4))),
        decimals(CLOSES),
        CLOSES.astype("object"),
        CLOSES.astype("Float64"),
        CLOSES.astype("Int64"),
        CLOSES.astype(pd.ArrowDtype(pa.float64())),
        CLOSES.astype("int64").astype(pd.ArrowDtype(pa.int32())),
        CLOSES.astype("float32"),
        CLOSES.astype(pd.SparseDtype("float64")),
    ],
    ids=lambda table: str(table.dtypes.iloc[0]),
)
def test_every_kind_of_number_is_read_as_float64(given: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(compute_returns(given), RETURNS, check_freq=False)


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan, Decimal("NaN"), pd.NaT])
def test_what_is_missing_among_decimals_is_nan(missing: Any) -> None:
    table = decimals(CLOSES)
    table.iloc[1, 0] = missing
    assert compute_returns(table)["A"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize("kind", ["Float64", pd.ArrowDtype(pa.float64())])
def test_what_is_missing_in_a_nullable_column_is_nan(kind: Any) -> None:
    table = CLOSES.astype(kind)
    table.iloc[1, 0] = pd.NA
    assert compute_returns(table)["A"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    "index",
    [
        DAYS.date,
        DAYS.strftime("%Y-%m-%d"),
        DAYS.strftime("%Y-%m-%d 00:00:00"),
        DAYS.to_period("D"),
        pd.CategoricalIndex(DAYS),
        pd.Index(DAYS.date, dtype=pd.ArrowDtype(pa.date32())),
        pd.Index(DAYS.strftime("%Y-%m-%d"), dtype=pd.ArrowDtype(pa.string())),
    ],
    ids=["date", "iso", "iso_midnight", "period", "category", "arrow_date", "arrow_text"],
)
def test_days_of_any_type_are_read(index: Any) -> None:
    found = compute_returns(CLOSES.set_axis(index))
    assert isinstance(found.index, pd.DatetimeIndex)
    assert list(found.index) == list(DAYS[1:])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (FIELDS, 'closes["Close"]; there are: Close, Open'),
        (FIELDS.swaplevel(axis=1), 'closes.xs("Close", axis=1, level=1); there are: Close, Open'),
        (FIELDS[["Close"]], "closes.droplevel(0, axis=1)"),
        (pd.concat({"x": CLOSES, "y": CLOSES}, axis=1), 'closes["x"]; there are: x, y'),
        (CLOSES.astype("str"), "'A' is not numeric: it holds '1.0'"),
        (CLOSES.astype("object").replace(4.0, "n/a"), "'A' is not numeric: it holds 'n/a'"),
        (CLOSES > 2, "'A' is not numeric: it holds bool"),
        ((CLOSES > 2).astype("boolean"), "'A' is not numeric: it holds boolean"),
        ((CLOSES > 2).astype("object"), "'A' is not numeric: it holds bool False"),
        (CLOSES.astype("complex128"), "'A' is not numeric: it holds complex128"),
        (CLOSES.astype("category"), "'A' is not numeric: it holds category"),
        (CLOSES.assign(B=DAYS), "write closes.set_index('B')"),
        (CLOSES.assign(B=DAYS - DAYS[0]), "'B' is not numeric: it holds Timedelta"),
        (decimals(CLOSES).replace(Decimal("8.0"), Decimal("1e400")), "A has a price of inf on"),
        (CLOSES.astype("object").replace(8.0, 10**400), "A has a price of inf on 2025-01-04"),
        (CLOSES.set_axis(["A", "A"], axis=1), "column 'A' is there twice"),
        (CLOSES.set_axis([1, "1"], axis=1), "column '1' is there twice"),
        (CLOSES.set_axis(["A", np.nan], axis=1), "a column has no name"),
        (CLOSES.T, "the columns are days, expected assets; write closes.T"),
        (CLOSES["A"], "got a Series; write closes.to_frame()"),
        (CLOSES.stack(), "got a Series; write closes.unstack()"),
        (CLOSES.to_numpy(), "pandas.DataFrame(closes, index=days, columns=assets)"),
        (CLOSES.to_dict(), "got dict"),
        (pa.Table.from_pandas(CLOSES), 'got Table; write closes.to_pandas().set_index("date")'),
        (None, "got NoneType"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_numbers_is_refused_with_what_to_write(given: Any, told: str) -> None:
    with pytest.raises(DataError) as error:
        compute_returns(given)
    assert told in str(error.value)
    assert str(error.value).startswith("closes: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (CLOSES.reset_index(), "got RangeIndex; write closes.set_index('date')"),
        (CLOSES.reset_index(drop=True), "got RangeIndex; set it with"),
        (CLOSES.set_axis([20250101, 20250102, 20250103, 20250104]), "numbers such as 20250101;"),
        (CLOSES.set_axis(DAYS.strftime("%d.%m.%Y")), "text such as '01.01.2025'; write closes"),
        (CLOSES.set_axis(["2025-02-28", "2025-02-29", "2025-03-01", "2025-03-02"]), "text such as"),
        (CLOSES.set_axis(pd.period_range("2025-01", periods=4, freq="M")), "periods of M; write"),
        (CLOSES.set_axis(DAYS - DAYS[0]), "got TimedeltaIndex"),
        (CLOSES.set_axis([pd.NaT, *DAYS[1:]]), "row 0 has no date; write closes["),
        (CLOSES.set_axis([None, *DAYS.date[1:]]), "row 0 has no date; write closes["),
        (CLOSES.set_axis([*DAYS[:3], DAYS[0]]), "and 2025-01-01 is there twice; write closes[~"),
        (CLOSES.iloc[::-1], "write closes.sort_index()"),
        (CLOSES.stack().to_frame("close"), "2 levels, expected days alone; write closes['close']"),
    ],
)
def test_an_index_without_plain_days_is_refused_with_what_to_write(
    given: pd.DataFrame, told: str
) -> None:
    with pytest.raises(DataError) as error:
        compute_returns(given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_returns_of_every_kind_make_the_same_map() -> None:
    plain = fit_structure(factor_returns())
    for given in (
        factor_returns().astype("Float64"),
        factor_returns().astype(pd.ArrowDtype(pa.float64())),
        factor_returns().set_axis(factor_returns().index.date),
        factor_returns().set_axis(factor_returns().index.to_period("D")),
    ):
        found = fit_structure(given)
        assert found.diagnostics == plain.diagnostics
        assert found.assets.equals(plain.assets)


@pytest.mark.parametrize("given", [FIELDS, CLOSES["A"], CLOSES > 2, pa.table({"A": [1.0]}), None])
def test_the_estimator_and_the_function_refuse_alike(given: Any) -> None:
    for fit in (MarketMap().fit, fit_structure):
        with pytest.raises(MarketmapError, match=r"^returns: [^\n]*$"):
            fit(given)


def test_columns_named_partly_by_number_are_named_by_text() -> None:
    mixed = factor_returns().rename(columns={"a00": 0})
    assert MarketMap().fit(mixed).structure_.labels.index[0] == "0"


@pytest.mark.parametrize("labels", [{"a00": "BTC"}, pd.Series({"a00": "BTC"}), ["BTC"]])
def test_labels_that_are_no_table_are_refused(labels: Any) -> None:
    with pytest.raises(DataError, match="labels: expected a DataFrame of symbol and name"):
        fit_structure(factor_returns(), labels=labels)


LONG = pd.DataFrame(
    {
        "date": pd.date_range("2024-01-01", periods=2).repeat(2),
        "symbol": ["A", "B"] * 2,
        "close": [1.0, 2.0, 3.0, 4.0],
    }
)


def test_a_row_per_asset_and_day_is_refused_with_the_pivot_that_reads_it() -> None:
    said = r"write closes\.pivot\(index='date', columns='symbol', values='close'\)"
    with pytest.raises(DataError, match=said):
        read_table(LONG, "closes")
    with pytest.raises(DataError, match=r"pivot\(columns='symbol', values='close'\)"):
        read_table(LONG.set_index("date"), "closes")
    wide = LONG.pivot(index="date", columns="symbol", values="close")
    assert read_table(wide, "closes")["B"].tolist() == [2.0, 4.0]


def test_the_fields_of_one_asset_are_no_assets() -> None:
    days = pd.date_range("2024-01-01", periods=3)
    bars = pd.DataFrame(1.0, index=days, columns=["Open", "High", "Low", "Close", "Volume"])
    with pytest.raises(DataError, match="open, high, low and close of one asset"):
        read_table(bars, "closes")
