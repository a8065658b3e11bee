"""The index of a table, read as days."""

from typing import Any

import numpy as np
import pandas as pd

from marketmap.days import index_stamps
from marketmap.errors import DataError

DAY_NAMES = ("date", "day", "datetime", "time", "timestamp")
"""What a column of days is called, in lower case."""


def read_days(table: pd.DataFrame, what: str, *, rising: bool = True) -> pd.DatetimeIndex:
    """Return the days of a table's rows: each once, and rising unless told otherwise.

    Raises
    ------
    DataError
        The index holds no days, or they are not in order; the message says what to write.
    """
    index = table.index
    if isinstance(index, pd.MultiIndex):
        raise DataError(
            f"{what}: the index has {index.nlevels} levels, expected days alone; write "
            f"{what}[{str(table.columns[0])!r}].unstack()"
        )
    days = days_of(index)
    if days is None:
        raise DataError(f"{what}: the index must hold dates, got {_no_days(table, what)}")
    if days.hasnans:
        row = int(days.isna().argmax())
        raise DataError(f"{what}: row {row} has no date; write {what}[{what}.index.notna()]")
    if not days.is_unique:
        twice = days[days.duplicated()][0]
        raise DataError(
            f"{what}: dates must rise and not repeat, and {twice:%Y-%m-%d} is there twice; write "
            f'{what}[~{what}.index.duplicated(keep="last")]'
        )
    if rising and not days.is_monotonic_increasing:
        raise DataError(f"{what}: dates must rise and not repeat; write {what}.sort_index()")
    return days


def days_of(index: "pd.Index[Any]") -> pd.DatetimeIndex | None:
    """Return the days of an index that :func:`marketmap.days.by_day` has read; None without any.

    It leaves an index alone that lacks a date in some row: there the day is NaT.
    """
    if isinstance(index, pd.DatetimeIndex):
        return index
    if isinstance(index, pd.MultiIndex) or not index.hasnans:
        return None
    stamps = index_stamps(index.dropna())
    if stamps is None:
        return None
    days = np.full(len(index), np.datetime64("NaT", "us"), dtype="datetime64[us]")
    days[index.notna()] = stamps.days
    return pd.DatetimeIndex(days, name=index.name)


def _no_days(table: pd.DataFrame, what: str) -> str:
    """Say what an index holds instead of days, and what to write."""
    index = table.index
    kind = type(index).__name__
    if isinstance(index, pd.PeriodIndex):
        return (
            f"periods of {index.freqstr}; write "
            f'{what}.set_axis({what}.index.to_timestamp(how="end").normalize())'
        )
    named = [name for name in table.columns if str(name).lower() in DAY_NAMES]
    if named:
        return f"{kind}; write {what}.set_index({str(named[0])!r})"
    text = len(index) and isinstance(index[0], str)
    if text or (
        pd.api.types.is_numeric_dtype(index.dtype) and not isinstance(index, pd.RangeIndex)
    ):
        such = repr(index[0][:20]) if text else f"{index[0]}"
        return (
            f"{'text' if text else 'numbers'} such as {such}; write "
            f"{what}.set_axis(pandas.to_datetime({what}.index, format=...))"
        )
    return f"{kind}; set it with DataFrame.set_index and pandas.to_datetime"
