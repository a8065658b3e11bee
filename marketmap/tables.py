"""Tables that a person hands over, read as numbers by day and asset, or refused in one line.

What can mean one thing only is read: decimals, nullable and Arrow types, days as dates, periods or
ISO text. All else is refused with what to write instead.
"""

import numbers
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.days import by_day
from marketmap.errors import DataError
from marketmap.row_days import DAY_NAMES, days_of, read_days

_Values = npt.NDArray[np.float64]

_SYMBOLS = ("symbol", "ticker", "asset_id", "asset", "coin")


def read_table(given: Any, what: str, *, rising: bool = True) -> pd.DataFrame:
    """Return a table of numbers by day (rows) and asset (columns).

    Parameters
    ----------
    given : DataFrame
        Columns are assets; the index holds days, as dates, daily periods or ISO text. A stamp with
        a time zone or an offset is of the day that it names at its own place.
    what : str
        What the table is called where messages name it.
    rising : bool, default=True
        Whether days that do not rise are refused.

    Returns
    -------
    DataFrame of float64
        Its index is a DatetimeIndex; NaN where a value is missing.

    Raises
    ------
    DataError
        It is no such table; the message says what to write.
    """
    table = by_day(_table(given, what), what)
    days = read_days(table, what, rising=rising)
    return numbers_of(table, what).set_axis(days, axis=0)


def read_rows(given: Any, what: str) -> pd.DataFrame:
    """Return a table as :func:`read_table` does; rows without days are taken in their order."""
    table = by_day(_table(given, what), what)
    days = read_days(table, what) if days_of(table.index) is not None else table.index
    return numbers_of(table, what).set_axis(days, axis=0)


def _table(given: Any, what: str) -> pd.DataFrame:
    """Return a DataFrame whose columns are distinct assets, all named by text or all by number."""
    if not isinstance(given, pd.DataFrame):
        raise DataError(f"{what}: expected a DataFrame, days x assets, {_instead(given, what)}")
    columns: pd.Index[Any] = given.columns
    if not isinstance(columns, pd.MultiIndex):
        _check_one_column_per_asset(given, what)
    if isinstance(columns, pd.MultiIndex):
        raise DataError(f"{what}: {_one_level(columns, what)}")
    if isinstance(columns, pd.DatetimeIndex | pd.PeriodIndex):
        raise DataError(f"{what}: the columns are days, expected assets; write {what}.T")
    if columns.hasnans:
        raise DataError(f"{what}: a column has no name; expected the asset's")
    names = columns.astype("str")
    if not names.is_unique:
        twice = columns[names.duplicated()][0]
        raise DataError(f"{what}: column {twice!r} is there twice; expected one column per asset")
    mixed = columns.inferred_type not in ("string", "integer") and columns.dtype == object
    return given.set_axis(names, axis=1) if mixed else given


def _check_one_column_per_asset(table: pd.DataFrame, what: str) -> None:
    """Refuse a row per asset and day, and the fields of one asset side by side."""
    names = {str(name).lower(): name for name in table.columns}
    symbol = next((names[name] for name in _SYMBOLS if name in names), None)
    close = names.get("close", names.get("adj close"))
    if symbol is not None and close is not None:
        day = next((names[name] for name in DAY_NAMES if name in names), None)
        index = f"index={day!r}, " if day is not None else ""
        raise DataError(
            f"{what}: has a row per asset and day, expected a column per asset; write "
            f"{what}.pivot({index}columns={symbol!r}, values={close!r})"
        )
    if {"open", "high", "low", "close"} <= names.keys():
        raise DataError(
            f"{what}: the columns are the open, high, low and close of one asset, expected a "
            f"column per asset, such as {what}[[{close!r}]] of each, joined by day"
        )


def _instead(given: Any, what: str) -> str:
    kind = type(given).__name__
    if isinstance(given, pd.Series):
        by_asset = isinstance(given.index, pd.MultiIndex)
        return f"got a Series; write {what}.{'unstack()' if by_asset else 'to_frame()'}"
    if isinstance(given, np.ndarray):
        return (
            f"got an array of shape {given.shape}, without days; write "
            f"pandas.DataFrame({what}, index=days, columns=assets)"
        )
    if hasattr(given, "to_pandas"):  # Arrow, polars
        return f'got {kind}; write {what}.to_pandas().set_index("date")'
    return f"got {kind}"


def _one_level(columns: pd.MultiIndex, what: str) -> str:
    """Say how to take the assets out of columns of several levels, such as yfinance's."""
    names = [_level_name(columns, at) for at in range(columns.nlevels)]
    levels = [list(map(str, columns.unique(at))) for at in range(columns.nlevels)]
    said = f"the columns have {columns.nlevels} levels ({', '.join(names)}), expected assets alone"
    single = next((at for at, values in enumerate(levels) if len(values) == 1), None)
    if single is not None:
        return f"{said}; write {what}.droplevel({single}, axis=1)"
    # Prices are told apart by what they are; where no level holds a close, by the shorter level.
    closes = [
        at
        for at, values in enumerate(levels)
        if {"close", "adj close"} & set(map(str.lower, values))
    ]
    at = closes[0] if closes else min(range(len(levels)), key=lambda i: len(levels[i]))
    close = [value for value in levels[at] if value.lower() == "close"]
    chosen = (close or levels[at])[0]
    written = f'{what}["{chosen}"]' if at == 0 else f'{what}.xs("{chosen}", axis=1, level={at})'
    some = ", ".join(levels[at][:8]) + (", ..." if len(levels[at]) > 8 else "")
    return f"{said}; write {written}; there are: {some}"


def _level_name(columns: pd.MultiIndex, at: int) -> str:
    name = columns.names[at]
    return str(at) if name is None else str(name)


def numbers_of(table: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return a table's values as float64, NaN where they are missing.

    Raises
    ------
    DataError
        A column holds no numbers; the message names it.
    """
    if all(kind == np.float64 for kind in table.dtypes):
        return table
    columns = [_numbers(table.iloc[:, at], what) for at in range(table.shape[1])]
    values = np.column_stack(columns) if columns else np.empty(table.shape)
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def _numbers(column: pd.Series, what: str) -> _Values:
    kind = column.dtype
    other = isinstance(kind, pd.CategoricalDtype) or pd.api.types.is_complex_dtype(kind)
    if other or pd.api.types.is_bool_dtype(kind):
        raise DataError(f"{what}: column {column.name!r} is not numeric: it holds {kind}")
    if pd.api.types.is_object_dtype(kind) or _is_decimal(column):
        return _of_objects(column, what)
    if not pd.api.types.is_numeric_dtype(kind):
        raise DataError(_not_numeric(column, what, _is_missing))
    return np.asarray(column.astype("float64"), dtype="float64")


def _is_decimal(column: pd.Series) -> bool:
    """Return whether a column holds Arrow's decimals, which pandas gives out as Python's."""
    return isinstance(column.dtype, pd.ArrowDtype) and column.dtype.type is Decimal


def _of_objects(column: pd.Series, what: str) -> _Values:
    """Read Python's own numbers: decimals, integers of any size, fractions."""
    values = np.full(len(column), np.nan)
    for at, value in enumerate(column.array):
        if _is_missing(value):
            continue
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real | Decimal):
            raise DataError(_not_numeric(column, what, _is_number))
        try:
            values[at] = float(value)
        except OverflowError:
            values[at] = np.inf
    return values


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT


def _is_number(value: Any) -> bool:
    return _is_missing(value) or (
        isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool | np.bool_)
    )


def _not_numeric(column: pd.Series, what: str, passes: Callable[[Any], bool]) -> str:
    """Say which column holds no numbers, with the first value that is none, and what to write."""
    wrong = next((value for value in column.array if not passes(value)), None)
    said = f"{what}: column {column.name!r} is not numeric: it holds {_shown(wrong)}"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return f"{said}; where it is the day of each row, write {what}.set_index({column.name!r})"
    if isinstance(wrong, str):
        return f"{said}; leave it out, or write {what}.apply(pandas.to_numeric)"
    return f"{said}; expected numbers"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else f"{type(value).__name__} {value}"
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def read_labels(given: pd.DataFrame | None, ids: "pd.Index[str]") -> pd.DataFrame:
    """Return ``symbol`` and ``name`` of every asset; its id stands in for what is not given.

    Raises
    ------
    DataError
        An asset is there twice, or this is no table of labels.
    """
    found = pd.DataFrame(index=ids)
    if given is not None:
        if not isinstance(given, pd.DataFrame):
            raise DataError(
                "labels: expected a DataFrame of symbol and name by asset id, got "
                f"{type(given).__name__}; write pandas.DataFrame({{'symbol': labels}})"
            )
        labels = given.set_axis(given.index.astype("str"))
        if not labels.index.is_unique:
            twice = labels.index[labels.index.duplicated()][0]
            raise DataError(f"labels: asset {twice!r} is there twice; expected one row per asset")
        found = labels.reindex(ids)
    found = found.reindex(columns=["symbol", "name"]).astype("object")
    symbol = found["symbol"].where(found["symbol"].notna(), ids.to_series())
    name = found["name"].where(found["name"].notna(), symbol)
    return pd.DataFrame({"symbol": symbol.astype("str"), "name": name.astype("str")}, index=ids)
