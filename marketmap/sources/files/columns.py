"""The columns of a CSV or Parquet file, turned into arrays of days, symbols and numbers."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

REQUIRED = ("date", "symbol", "close")
TEXTS = ("date", "symbol", "name")
KNOWN = (*TEXTS, *PRICE_VALUES)


def read_columns(path: Path) -> dict[str, Any]:
    """Read a file's known columns as pyarrow arrays, by name.

    Raises
    ------
    DataError
        The file is missing, of an unknown kind, unreadable, without rows or without a column that
        is needed, or has a column twice.
    """
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of file, expected .csv or .parquet")
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise DataError(f"{path}: {what}, expected a file of prices")
    try:
        table = reader(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        kind = path.suffix.lower()[1:]
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: cannot be read as {kind}: {reason}") from None
    if table.num_rows == 0:
        raise DataError(f"{path}: the file has no rows, expected prices")
    return {name: table[name].combine_chunks() for name in table.column_names}


def _known_columns(found: list[str], path: Path) -> list[str]:
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        has = ", ".join(found) or "none"
        columns = "column" if len(missing) == 1 else "columns"
        raise DataError(f"{path}: missing {columns} {', '.join(missing)}; the file has: {has}")
    for name in KNOWN:
        if found.count(name) > 1:
            raise DataError(f"{path}: column {name} is there {found.count(name)} times")
    return [name for name in KNOWN if name in found]


def _read_parquet(path: Path) -> Any:
    with pq.ParquetFile(path) as file:
        return file.read(columns=_known_columns(file.schema_arrow.names, path))


def _read_csv(path: Path) -> Any:
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = _known_columns(next(csv.reader(file), []), path)
    numbers = {name: pa.float64() for name in columns if name not in TEXTS}
    try:
        return _parse_csv(path, columns, numbers)
    except pa.ArrowInvalid:
        # Maybe text in a column of numbers: read as text, read_numbers can tell which and where.
        return _parse_csv(path, columns, {})


def _parse_csv(path: Path, columns: list[str], types: dict[str, Any]) -> Any:
    options = pa_csv.ConvertOptions(
        include_columns=columns,
        column_types={name: types.get(name, pa.string()) for name in columns},
    )
    return pa_csv.read_csv(path, convert_options=options)


def read_symbols(column: Any, path: Path) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the symbols in order, and of each row the place of its symbol among them."""
    texts = _as_text(column, "symbol", path)
    unknown = _rows_where(pc.or_kleene(pc.is_null(texts), pc.equal(texts, "")))
    if len(unknown):
        where = "no row has one" if len(unknown) == len(texts) else f"row {unknown[0] + 1} has none"
        raise DataError(f"{path}: column symbol: {where}, expected text in every row")
    encoded = texts.dictionary_encode()
    symbols = encoded.dictionary.to_pylist()
    order = np.array(sorted(range(len(symbols)), key=symbols.__getitem__))
    places = np.empty(len(symbols), dtype=np.int64)
    places[order] = np.arange(len(symbols))
    return [symbols[place] for place in order], places[encoded.indices.to_numpy()]


def read_days(column: Any, path: Path) -> Days:
    """Return each row's UTC day; the time of day is dropped."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _parse_days(column, path)
    if not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
        raise DataError(f"{path}: column date holds {column.type}, expected {A_DAY}")
    unknown = _rows_where(pc.is_null(column))
    if len(unknown):
        raise DataError(f"{path}: column date, row {unknown[0] + 1}: empty, expected {A_DAY}")
    days: Days = column.to_numpy(zero_copy_only=False).astype("datetime64[D]")
    return days


A_DAY = "a day such as 2024-01-31"


def _parse_days(column: Any, path: Path) -> Days:
    # A day comes once an asset: reading each distinct text once is what makes this fast.
    encoded = column.dictionary_encode(null_encoding="encode")
    indices = encoded.indices.to_numpy()
    days = np.empty(len(encoded.dictionary), dtype="datetime64[D]")
    for place, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            moment = datetime.fromisoformat((text or "").strip())
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            row = int(np.argmax(indices == place)) + 1
            what = f"{text!r} is no date" if text else "empty"
            raise DataError(f"{path}: column date, row {row}: {what}, expected {A_DAY}") from None
        days[place] = moment.date()
    parsed: Days = days[indices]
    return parsed


def read_numbers(column: Any, name: str, path: Path) -> Floats:
    """Return a column's numbers; NaN where it has none."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _parse_numbers(column, name, path)
    if not (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    ):
        raise DataError(f"{path}: column {name} holds {kind}, expected numbers")
    return _floats(pc.cast(column, pa.float64(), safe=False))


def _parse_numbers(column: Any, name: str, path: Path) -> Floats:
    texts = pc.utf8_trim_whitespace(column)
    nothing = pc.is_in(texts, value_set=pa.array(NO_NUMBER, type=texts.type))
    texts = pc.if_else(nothing, pa.scalar(None, texts.type), texts)
    try:
        return _floats(pc.cast(texts, pa.float64()))
    except pa.ArrowInvalid:
        row = _first_text(texts)
        value = str(texts[row].as_py())[:40]
        raise DataError(
            f"{path}: column {name}, row {row + 1}: {value!r} is text, expected a number"
        ) from None


# What CSV files write for a number that is not known.
NO_NUMBER = ["", *pa_csv.ConvertOptions().null_values]


def _first_text(texts: Any) -> int:
    """Find the first row that is no number, by halves: one of them holds it."""
    first, last = 0, len(texts)
    while last - first > 1:
        middle = (first + last) // 2
        try:
            pc.cast(texts.slice(first, middle - first), pa.float64())
        except pa.ArrowInvalid:
            last = middle
        else:
            first = middle
    return first


def read_texts(
    column: Any | None, rows: npt.NDArray[np.int64], name: str, path: Path
) -> npt.NDArray[np.object_]:
    """Return the texts of some rows of a column; None where there is none."""
    if column is None:
        return np.full(len(rows), None, dtype=object)
    return np.asarray(
        _as_text(column, name, path).take(pa.array(rows)).to_numpy(zero_copy_only=False)
    )


def _as_text(column: Any, name: str, path: Path) -> Any:
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise DataError(f"{path}: column {name}: {column.type}, expected text") from None


def _floats(column: Any) -> Floats:
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values


def _rows_where(mask: Any) -> npt.NDArray[np.int64]:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))
