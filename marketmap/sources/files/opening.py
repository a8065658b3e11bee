"""CSV, Parquet and Excel files, opened: which columns they have, and those that are prices."""

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from marketmap.errors import ConfigError, DataError
from marketmap.settings import FilesSettings
from marketmap.sources.files.layout import ALSO_CALLED, KNOWN, Layout, find_layout, pair_of, plain

SEPARATORS = (",", ";", "\t", "|")
NO_NUMBER = ["", *pa_csv.ConvertOptions().null_values]
"""What files write for a number that is not known."""

_KINDS = ".csv, .csv.gz, .tsv, .txt, .parquet or .xlsx"


@dataclass(frozen=True, eq=False)
class OpenFile:
    """A file's layout, and the pyarrow arrays of the columns that are read, by place."""

    layout: Layout
    columns: dict[int, Any]

    def name(self, place: int) -> str:
        """Return what the file calls a column."""
        return self.layout.names[place]


def open_file(path: Path, settings: FilesSettings) -> OpenFile:
    """Read the columns of a file that are of use.

    Raises
    ------
    DataError
        The file is missing, of an unknown kind, unreadable, without rows or without a column that
        is needed, or has a column twice.
    ConfigError
        It is of Excel, and what reads such files is not installed.
    """
    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    readers = {"parquet": _read_parquet, "xlsx": _read_excel}
    readers |= dict.fromkeys(("csv", "tsv", "txt"), _read_csv)
    reader = readers.get(kind)
    if reader is None or (path.suffix.lower() == ".gz" and reader is not _read_csv):
        raise DataError(f"{path}: unknown kind of file, expected {_KINDS}")
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise DataError(f"{path}: {what}, expected a file of prices")
    try:
        file = reader(path, settings)
    except (pa.ArrowException, OSError, EOFError, UnicodeError, csv.Error, _ExcelError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: cannot be read as {kind}: {reason}") from None
    if not len(file.columns[file.layout.date]):
        raise DataError(f"{path}: the file has no rows, expected prices")
    return file


def _read_parquet(path: Path, settings: FilesSettings) -> OpenFile:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        # pandas puts dates that are the index last, whereas in text they come first.
        order = sorted(range(len(schema.names)), key=lambda at: bool(pair_of(schema.names[at])))
        names = [schema.names[at] for at in order]
        pairs = [pair_of(name) for name in names]
        rows = [names]
        if any(pairs):
            whole = [pair or (name, "") for name, pair in zip(names, pairs, strict=True)]
            rows = [[pair[level] for pair in whole] for level in (0, 1)]
        are_numbers = [_is_number(schema.types[at]) for at in order]
        layout = find_layout(rows, are_numbers, settings, path)
        twice = [names[at] for at in layout.places if names.count(names[at]) > 1]
        if twice:
            raise DataError(f"{path}: column {twice[0]} is there {names.count(twice[0])} times")
        table = file.read(columns=[names[at] for at in layout.places], use_pandas_metadata=False)
    return OpenFile(layout, {at: table[names[at]].combine_chunks() for at in layout.places})


def _is_number(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _read_csv(path: Path, settings: FilesSettings) -> OpenFile:
    with _open_text(path) as file:
        lines = list(islice(file, 4))
    separator = settings.separator or _separator(lines)
    # A space beside a separator is no part of what it separates.
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    layout = find_layout(rows[:3], _look_like_numbers(rows), settings, path)
    numbers = dict.fromkeys(layout.numbers, pa.float64())
    parse = pa_csv.ParseOptions(delimiter=separator)
    if settings.decimal == ",":
        return _parse_csv(path, layout, parse, {})
    try:
        return _parse_csv(path, layout, parse, numbers)
    except pa.ArrowInvalid:
        # Maybe text in a column of numbers: read as text, read_numbers can say which and where.
        return _parse_csv(path, layout, parse, {})


def _open_text(path: Path) -> TextIO:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    return opened(path, mode="rt", encoding="utf-8-sig", newline="")


def _separator(lines: Sequence[str]) -> str:
    """Return what separates the names that are known, or else most names."""
    known = {plain(name) for name in KNOWN}.union(*ALSO_CALLED.values())

    def fits(separator: str) -> tuple[int, int, int]:
        names = next(csv.reader(lines[:1], delimiter=separator), [])
        n_known = sum(plain(name) in known for name in names)
        return n_known, len(names), -SEPARATORS.index(separator)

    return max(SEPARATORS, key=fits)


def _look_like_numbers(rows: Sequence[Sequence[str]]) -> list[bool]:
    """Return of which columns the first value is a number, or empty."""
    first = rows[1] if len(rows) > 1 else []
    n_columns = len(rows[0]) if rows else 0
    cells = [*first, *[""] * (n_columns - len(first))]
    return [cell.strip() in NO_NUMBER or _NUMBER.fullmatch(cell.strip()) is not None
            for cell in cells]  # fmt: skip


_NUMBER = re.compile(r"[-+]?[\d.,'\s\u00a0\u202f]*\d[\d.,'\s]*([eE][-+]?\d+)?")


def _parse_csv(path: Path, layout: Layout, parse: Any, types: dict[int, Any]) -> OpenFile:
    names = [str(at) for at in range(len(layout.names))]
    table = pa_csv.read_csv(
        path,
        read_options=pa_csv.ReadOptions(column_names=names, skip_rows=layout.skip),
        parse_options=parse,
        convert_options=pa_csv.ConvertOptions(
            include_columns=[str(at) for at in layout.places],
            column_types={str(at): types.get(at, pa.string()) for at in layout.places},
        ),
    )
    columns = {at: table[str(at)].combine_chunks() for at in layout.places}
    trimmed = {at: pc.utf8_trim_whitespace(columns[at]) for at in layout.texts.values()}
    return OpenFile(layout, {**columns, **trimmed})


class _ExcelError(ValueError):
    """A file is none of Excel's, or has several sheets."""


def _read_excel(path: Path, settings: FilesSettings) -> OpenFile:
    try:
        sheets = pd.read_excel(path, sheet_name=None, header=None, dtype=object, engine="openpyxl")
    except ImportError:
        raise ConfigError(
            f"{path}: reading Excel files needs openpyxl (marketmap[excel]), which is not "
            "installed; install it, or save the table as CSV"
        ) from None
    except Exception as error:  # openpyxl raises errors of zip, of XML and of its own
        raise _ExcelError(str(error)) from None
    sheets = {name: sheet for name, sheet in sheets.items() if len(sheet)}
    if len(sheets) != 1:
        has = ", ".join(sheets) or "none"
        raise _ExcelError(f"expected one sheet with rows, found: {has}; save one as CSV")
    (sheet,) = sheets.values()
    cells = sheet.astype(object).where(sheet.notna(), None)
    rows = [["" if cell is None else str(cell) for cell in row] for row in cells.head(4).to_numpy()]
    layout = find_layout(rows[:3], _look_like_numbers(rows), settings, path)
    body = cells.iloc[layout.skip :]
    return OpenFile(layout, {at: _cells(body[at].tolist()) for at in layout.places})


def _cells(values: list[Any]) -> Any:
    """Return a column of Excel cells: numbers, dates, or text where kinds are mixed."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return pa.array(values, pa.float64())
    if known and all(isinstance(value, date | datetime) for value in known):
        return pa.array(values, pa.timestamp("us"))
    return pa.array([None if value is None else str(value) for value in values], pa.string())
