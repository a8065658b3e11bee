"""A table of prices from a file, read and checked; an error is one line."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from marketmap.days import Days, Stamps
from marketmap.frames import PRICE_VALUES
from marketmap.settings import FilesSettings
from marketmap.sources.files.dates import read_stamps
from marketmap.sources.files.numbers import Floats, read_numbers
from marketmap.sources.files.opening import OpenFile, open_file
from marketmap.sources.files.rows import Dispute, Rows
from marketmap.sources.files.texts import read_symbols, read_texts


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
    disputes : tuple of Dispute
        The days of an asset of which rows contradict each other; it has none of these rows.
    """

    days: Days
    values: dict[str, Floats]
    names: npt.NDArray[np.object_]
    rows: dict[str, slice]
    notes: tuple[str, ...]
    disputes: tuple[Dispute, ...]


def read_table(path: Path, settings: FilesSettings, today: date) -> PriceTable:
    """Read and check a file of prices.

    Parameters
    ----------
    path : Path
        ``.csv`` (or ``.tsv``, ``.txt``; as ``.gz``, too), ``.parquet`` or ``.xlsx``.
    settings : FilesSettings
    today : date
        The running UTC day: its rows are left out, and later ones are an error.

    Raises
    ------
    DataError
        In one line: what is wrong, in which column and row or of which symbol and day.
    ConfigError
        The file is of Excel, and what reads such files is not installed.
    """
    file = open_file(path, settings)
    given = _long(file, settings, path) if file.layout.is_long else _stacked(file, settings, path)
    order = np.lexsort((given.stamps.days, given.codes))
    values = {name: column[order] for name, column in given.values.items()}
    rows = Rows(path, given.symbols, given.codes[order], given.stamps.take(order), values)
    chosen = rows.choose(today, settings.duplicates)
    kept = order[chosen.keep]
    values = {name: column[chosen.keep] for name, column in values.items()}
    traded = values["close"] * values["volume"]
    values["turnover"] = np.where(np.isnan(values["turnover"]), traded, values["turnover"])
    return PriceTable(
        days=given.stamps.days[kept],
        values=values,
        names=read_texts(given.names, kept, "name", path),
        rows=_slices(given.symbols, given.codes[kept]),
        notes=(*file.layout.notes, *chosen.notes),
        disputes=chosen.disputes,
    )


@dataclass(frozen=True, eq=False)
class _Given:
    """All rows of a file, as they come; ``codes`` are places among the symbols."""

    symbols: list[str]
    codes: npt.NDArray[np.int64]
    stamps: Stamps
    values: dict[str, Floats]
    names: Any | None = None


def _stamps(file: OpenFile, settings: FilesSettings, path: Path) -> Stamps:
    place = file.layout.date
    name = file.name(place) or "date"
    return read_stamps(file.columns[place], name, settings.date_format, path)


def _long(file: OpenFile, settings: FilesSettings, path: Path) -> _Given:
    texts, numbers = file.layout.texts, file.layout.blocks[""]
    symbol = texts["symbol"]
    symbols, codes = read_symbols(file.columns[symbol], file.name(symbol), path)
    stamps = _stamps(file, settings, path)
    columns = {file.name(place): file.columns[place] for place in numbers.values()}
    read = read_numbers(columns, settings.decimal, path)
    unknown = np.full(len(codes), np.nan)
    values = {
        name: read[file.name(numbers[name])] if name in numbers else unknown
        for name in PRICE_VALUES
    }
    names = file.columns[texts["name"]] if "name" in texts else None
    return _Given(symbols, codes, stamps, values, names)


def _stacked(file: OpenFile, settings: FilesSettings, path: Path) -> _Given:
    """Lay a table with columns per asset out as rows; where it has no number, there is no row."""
    blocks, stamps = file.layout.blocks, _stamps(file, settings, path)
    columns = {file.name(place): file.columns[place] for place in file.layout.numbers}
    read = read_numbers(columns, settings.decimal, path)
    symbols, n_days = sorted(blocks), len(stamps.clock)
    unknown = np.full(n_days, np.nan)

    def stacked(name: str) -> Floats:
        own = [blocks[symbol].get(name) for symbol in symbols]
        return np.concatenate([unknown if at is None else read[file.name(at)] for at in own])

    values = {name: stacked(name) for name in PRICE_VALUES}
    told = np.flatnonzero(~np.all([np.isnan(column) for column in values.values()], axis=0))
    codes, days = np.divmod(told, n_days)
    values = {name: column[told] for name, column in values.items()}
    return _Given(symbols, codes, stamps.take(days), values)


def _slices(symbols: list[str], codes: npt.NDArray[np.int64]) -> dict[str, slice]:
    bounds = np.searchsorted(codes, np.arange(len(symbols) + 1))
    return {
        symbol: slice(int(start), int(stop))
        for symbol, start, stop in zip(symbols, bounds[:-1], bounds[1:], strict=True)
        if stop > start
    }
