"""A long table of prices from a file, read and checked; an error is one line."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES
from marketmap.sources.files.columns import (
    Days,
    Floats,
    read_columns,
    read_days,
    read_numbers,
    read_symbols,
    read_texts,
)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PriceTable:
    """The rows of a file, ordered by symbol and day, one per asset and day, each with a close.

    Attributes
    ----------
    days : ndarray of datetime64[D], shape (n_rows,)
    values : dict of str to ndarray of shape (n_rows,)
        The columns of :data:`marketmap.frames.PRICE_VALUES`; NaN where unknown. Turnover is close x
        volume where the file has none.
    names : ndarray of object, shape (n_rows,)
        Text, or None.
    rows : dict of str to slice
        Where an asset's rows stand, by symbol.
    notes : tuple of str
        What was left out, in sentences.
    """

    days: Days
    values: dict[str, Floats]
    names: npt.NDArray[np.object_]
    rows: dict[str, slice]
    notes: tuple[str, ...]


def read_table(path: Path, today: date) -> PriceTable:
    """Read and check a file of prices.

    Parameters
    ----------
    path : Path
        ``.csv`` or ``.parquet``.
    today : date
        The running UTC day: its rows are left out, and later ones are an error.

    Raises
    ------
    DataError
        In one line: what is wrong, in which column and row or of which symbol and day.
    """
    columns = read_columns(path)
    symbols, codes = read_symbols(columns["symbol"], path)
    days = read_days(columns["date"], path)
    order = np.lexsort((days, codes))
    values = {
        name: read_numbers(columns[name], name, path)[order]
        if name in columns
        else np.full(len(order), np.nan)
        for name in PRICE_VALUES
    }
    rows = _Rows(path, symbols, codes[order], days[order], values)
    rows.refuse_infinite()
    rows.refuse_future(today)
    keep, notes = rows.usable(today)
    kept = order[keep]
    values = {name: column[keep] for name, column in values.items()}
    traded = values["close"] * values["volume"]
    values["turnover"] = np.where(np.isnan(values["turnover"]), traded, values["turnover"])
    return PriceTable(
        days=days[kept],
        values=values,
        names=read_texts(columns.get("name"), kept, "name", path),
        rows=_slices(symbols, codes[kept]),
        notes=notes,
    )


def _slices(symbols: list[str], codes: npt.NDArray[np.int64]) -> dict[str, slice]:
    bounds = np.searchsorted(codes, np.arange(len(symbols) + 1))
    return {
        symbol: slice(int(start), int(stop))
        for symbol, start, stop in zip(symbols, bounds[:-1], bounds[1:], strict=True)
        if stop > start
    }


@dataclass(frozen=True, eq=False)
class _Rows:
    """All rows of a file in order of symbol and day, and what may be wrong with them."""

    path: Path
    symbols: list[str]
    codes: npt.NDArray[np.int64]
    days: Days
    values: dict[str, Floats]

    def where(self, row: Any) -> str:
        return f"{self.path}: {self.symbols[self.codes[row]]} on {self.days[row]}"

    def refuse_infinite(self) -> None:
        for name, column in self.values.items():
            infinite = np.flatnonzero(np.isinf(column))
            if len(infinite):
                where = self.where(infinite[0])
                raise DataError(f"{where}: {name} is infinite, expected a number")

    def refuse_future(self, today: date) -> None:
        future = np.flatnonzero(self.days > np.datetime64(today, "D"))
        if len(future):
            raise DataError(
                f"{self.where(future[0])}: this day lies in the future; expected days up to {today}"
            )

    def usable(self, today: date) -> tuple[Mask, tuple[str, ...]]:
        """Return which rows are of use, and in sentences which are not.

        Raises
        ------
        DataError
            Two rows contradict each other, or nothing is left.
        """
        repeated = self.repeated()
        running = ~repeated & (self.days == np.datetime64(today, "D"))
        empty = ~repeated & ~running & np.isnan(self.values["close"])
        keep = ~(repeated | running | empty)
        if not keep.any():
            raise DataError(f"{self.path}: no row has a close on a day before {today}")
        notes = [
            self.note(repeated, "exact duplicate row{s} on {days} {were} dropped"),
            self.note(running, "row{s} of the running day, {days}, {were} left out"),
            self.note(empty, "row{s} without a close on {days} {were} left out"),
        ]
        lost = sorted({self.symbols[code] for code in set(self.codes) - set(self.codes[keep])})
        if lost:
            notes.append(f"{self.path.name}: no day has a close of {_some(lost)}.")
        return keep, tuple(note for note in notes if note)

    def repeated(self) -> Mask:
        """Return which rows say the same as the row before; refuse those that contradict it."""
        again = (self.codes[1:] == self.codes[:-1]) & (self.days[1:] == self.days[:-1])
        rows = np.flatnonzero(again) + 1
        for name, column in self.values.items():
            before, after = column[rows - 1], column[rows]
            both_unknown = np.isnan(before) & np.isnan(after)
            conflicts = np.flatnonzero((before != after) & ~both_unknown)
            if len(conflicts):
                first = conflicts[0]
                raise DataError(
                    f"{self.where(rows[first])}: two rows that differ ({name} is "
                    f"{before[first]} and {after[first]}), expected one row per asset and day"
                )
        return np.concatenate([[False], again])

    def note(self, rows: Mask, sentence: str) -> str | None:
        count = int(rows.sum())
        if not count:
            return None
        days = _some([str(day) for day in np.unique(self.days[rows])])
        s, were = ("", "was") if count == 1 else ("s", "were")
        return f"{self.path.name}: {count} {sentence.format(s=s, days=days, were=were)}."


def _some(words: list[str]) -> str:
    """Name up to three words, and say how many more there are."""
    more = len(words) - 3
    return ", ".join(words[:3]) + (f" and {more} more" if more > 0 else "")
