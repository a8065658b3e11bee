"""Numbers as files write them: with a decimal point or a decimal comma, in groups or without."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from marketmap.errors import DataError
from marketmap.sources.files.opening import NO_NUMBER

Floats = npt.NDArray[np.float64]
Decimal = Literal[".", ","]

_GROUPING: dict[Decimal, str] = {".": ",\u00a0\u202f '\u2019", ",": ".\u00a0\u202f '\u2019"}
"""What may stand between groups of three digits, by what separates the fraction."""

_GROUPED: dict[Decimal, str] = {
    mark: rf"^[+-]?\d{{1,3}}([{letters}]\d{{3}})+([{mark}]\d*)?$"
    for mark, letters in _GROUPING.items()
}


def read_numbers(
    columns: Mapping[str, Any], decimal: Decimal | None, path: Path
) -> dict[str, Floats]:
    """Return each column's numbers, by its name; NaN where it has none.

    Where numbers are text, all of them are read alike: plainly; or, where that fails, in groups of
    three and with a decimal comma, if only one of both readings fits.

    Parameters
    ----------
    columns : mapping of str to pyarrow array
    decimal : {".", ","} or None
        What separates the fraction; found out where it is None.
    path : Path

    Raises
    ------
    DataError
        Something else than numbers stands there, or both readings fit.
    """
    texts = {name: _trimmed(column) for name, column in columns.items() if _is_text(column)}
    read = {
        name: _typed(column, name, path) for name, column in columns.items() if name not in texts
    }
    return {**read, **_parsed(texts, decimal, path)}


def _is_text(column: Any) -> bool:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _typed(column: Any, name: str, path: Path) -> Floats:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if not (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    ):
        raise DataError(f"{path}: column {name} holds {kind}, expected numbers")
    return _floats(pc.cast(column, pa.float64(), safe=False))


def _trimmed(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    texts = pc.utf8_trim_whitespace(column)
    nothing = pc.is_in(texts, value_set=pa.array(NO_NUMBER, type=texts.type))
    return pc.if_else(nothing, pa.scalar(None, texts.type), texts)


def _parsed(texts: Mapping[str, Any], decimal: Decimal | None, path: Path) -> dict[str, Floats]:
    if decimal is None:
        try:
            return {name: _floats(pc.cast(text, pa.float64())) for name, text in texts.items()}
        except pa.ArrowInvalid:
            pass
    marks = [mark for mark in _GROUPING if decimal in (None, mark)]
    readings = {mark: read for mark in marks if (read := _read_alike(texts, mark)) is not None}
    if not readings:
        raise DataError(f"{path}: {_no_number(texts, marks)}")
    if len(readings) > 1:
        _refuse_both(texts, readings, path)
    return next(iter(readings.values()))


def _read_alike(texts: Mapping[str, Any], decimal: Decimal) -> dict[str, Floats] | None:
    """Return the numbers of all columns; None as soon as a text is no number."""
    read = {}
    for name, column in texts.items():
        try:
            read[name] = _floats(pc.cast(_rewritten(column, decimal), pa.float64()))
        except pa.ArrowInvalid:
            return None
    return read


def _rewritten(texts: Any, decimal: Decimal) -> Any:
    """Return texts without groups of digits, and with a decimal point."""
    pattern = f"[{_GROUPING[decimal]}]"
    if pc.any(pc.match_substring_regex(texts, pattern)).as_py():
        grouped = pc.match_substring_regex(texts, _GROUPED[decimal])
        texts = pc.if_else(grouped, pc.replace_substring_regex(texts, pattern, ""), texts)
    if decimal == ",":
        # A point that is left is none of this reading's: it must not become a decimal point.
        texts = pc.replace_substring(texts, ".", "?")
        texts = pc.replace_substring(texts, ",", ".")
    return texts


def _no_number(texts: Mapping[str, Any], marks: Sequence[Decimal]) -> str:
    """Say which text is no number, or which two cannot be read alike."""
    misfits = []
    for mark in marks:
        name = next(name for name in texts if _read_alike({name: texts[name]}, mark) is None)
        row = _first_misfit(_rewritten(texts[name], mark))
        value = str(texts[name][row].as_py())[:40]
        if all(_read_alike({name: texts[name].slice(row, 1)}, other) is None for other in marks):
            return f"column {name}, row {row + 1}: {value!r} is text, expected a number"
        misfits.append(f"{value!r} in column {name}, row {row + 1}")
    return f"{' and '.join(misfits)}: one has a decimal comma and one a decimal point"


def _first_misfit(texts: Any) -> int:
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


def _refuse_both(
    texts: Mapping[str, Any], readings: Mapping[Decimal, Mapping[str, Floats]], path: Path
) -> None:
    for name, text in texts.items():
        point, comma = readings["."][name], readings[","][name]
        differ = np.flatnonzero(_unlike(point, comma))
        if len(differ):
            row = differ[0]
            raise DataError(
                f"{path}: column {name}, row {row + 1}: {text[int(row)].as_py()!r} may be "
                f"{point[row]:.15g} or {comma[row]:.15g}; say which with source.decimal: "
                'decimal: "." or decimal: ","'
            )


def _unlike(a: Floats, b: Floats) -> npt.NDArray[np.bool_]:
    unlike: npt.NDArray[np.bool_] = (a != b) & ~(np.isnan(a) & np.isnan(b))
    return unlike


def _floats(column: Any) -> Floats:
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values
