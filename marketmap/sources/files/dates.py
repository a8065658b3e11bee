"""Dates as files write them, read as the stamps of their own places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from marketmap.days import Stamps, in_utc, read_moments, zoned
from marketmap.errors import DataError

A_DAY = "a day such as 2024-01-31"
_READABLE = f"{A_DAY}, or source.date_format, which says how days are written"

_FORMAT = 'one order in all rows, or source.date_format, such as "%d/%m/%Y" or "%m/%d/%Y"'

_ORDERS = (
    *("%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
    *("%d %b %Y", "%b %d %Y", "%d %B %Y", "%B %d %Y", "%Y %b %d", "%d %b %y"),
)
"""With one separator for all."""

_PARTS = re.compile(
    r"(?P<date>[^:]+?)"
    r"(?:[T,\s]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?(?:\[[\w/+-]+\])?)?"
)
_DIGITS = re.compile(r"\d+(\.0*)?")

# Seconds since 1970, and thousandths, millionths and billionths of them, of the years 1973 to 2096.
_UNITS = {"s": 10**8, "ms": 10**11, "us": 10**14, "ns": 10**17}


def read_stamps(column: Any, name: str, date_format: str | None, path: Path) -> Stamps:
    """Return each row's point in time.

    Parameters
    ----------
    column : pyarrow array
        Dates, timestamps, text, or numbers: seconds since 1970 (or thousandths, millionths or
        billionths), or days such as 20240131.
    name : str
        What the column is called.
    date_format : str or None
        Of ``strptime``; found out where it is None.
    path : Path

    Raises
    ------
    DataError
        A row has no date, or all rows can be read as day/month and as month/day.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    empty = np.flatnonzero(pc.is_null(column).to_numpy(zero_copy_only=False))
    if len(empty):
        raise _no_date(name, int(empty[0]), "empty", path)
    if pa.types.is_timestamp(kind):
        utc = column.to_numpy(zero_copy_only=False)
        if not kind.tz:
            return in_utc(utc)
        return zoned(pc.local_timestamp(column).to_numpy(zero_copy_only=False), utc)
    if pa.types.is_date(kind):
        return in_utc(column.to_numpy(zero_copy_only=False))
    if pa.types.is_integer(kind) or (pa.types.is_floating(kind) and _are_whole(column)):
        column = pc.cast(pc.cast(column, pa.int64()), pa.string())
    elif not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{path}: column {name} holds {kind}, expected {A_DAY}")
    # A day comes once an asset: reading each distinct text once is what makes this fast.
    encoded = column.dictionary_encode()
    rows = encoded.indices.to_numpy()
    texts = [text.strip() for text in encoded.dictionary.to_pylist()]
    try:
        return _read_texts(texts, date_format).take(rows)
    except _UnreadableError as error:
        row = int(np.argmax(rows == error.at))
        raise _no_date(name, row, error.what, path, error.expected) from None


def _are_whole(column: Any) -> bool:
    return bool(pc.all(pc.equal(pc.floor(column), column)).as_py())


class _UnreadableError(Exception):
    """A text is no date: which one, and what to say of it."""

    def __init__(self, at: int, what: str, expected: str = _READABLE) -> None:
        super().__init__(what)
        self.at, self.what, self.expected = at, what, expected


def _no_date(name: str, row: int, what: str, path: Path, expected: str = A_DAY) -> DataError:
    return DataError(f"{path}: column {name}, row {row + 1}: {what}, expected {expected}")


def _read_texts(texts: Sequence[str], date_format: str | None) -> Stamps:
    if date_format is not None:
        return _by_format(texts, date_format, f"source.date_format: {date_format!r}")
    if _DIGITS.fullmatch(texts[0]):
        return _read_digits(texts)
    try:
        return read_moments(texts)
    except (ValueError, OverflowError):
        return _guessed(texts)


def _by_format(texts: Sequence[str], date_format: str, expected: str) -> Stamps:
    moments = []
    for at, text in enumerate(texts):
        try:
            moments.append(datetime.strptime(text, date_format))
        except ValueError:
            what = f"{text!r} is no date" if text else "empty"
            raise _UnreadableError(at, what, expected) from None
    return read_moments(moments)


def _read_digits(texts: Sequence[str]) -> Stamps:
    """Read days such as 20240131, or seconds since 1970; all texts alike."""
    for at, text in enumerate(texts):
        if not _DIGITS.fullmatch(text):
            raise _UnreadableError(at, f"{text!r} is no date" if text else "empty")
    numbers = np.array([int(text.partition(".")[0]) for text in texts], dtype="int64")
    if numbers[0] < _UNITS["s"]:
        return _by_format([str(number) for number in numbers], "%Y%m%d", _READABLE)
    unit = [unit for unit, least in _UNITS.items() if numbers[0] >= least][-1]
    strays = np.flatnonzero((numbers < _UNITS[unit]) | (numbers // 40 >= _UNITS[unit]))
    if len(strays):
        raise _UnreadableError(int(strays[0]), f"{texts[strays[0]]!r} is no date")
    return in_utc(numbers.astype(f"datetime64[{unit}]"))


@dataclass(frozen=True)
class _Parts:
    """A text's date and time of day; ``zone`` is what was written behind them."""

    date: str
    time: timedelta
    zone: str

    @property
    def offset(self) -> timedelta:
        """How far the zone is ahead of UTC."""
        digits = re.sub(r"\D", "", self.zone)
        if not digits:
            return timedelta()
        ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return -ahead if self.zone.startswith("-") else ahead

    @classmethod
    def of(cls, at: int, text: str) -> "_Parts":
        found = _PARTS.fullmatch(text)
        if found is None:
            raise _UnreadableError(at, f"{text!r} is no date" if text else "empty")
        hour, half = int(found["hour"] or 0), (found["half"] or "").upper()
        if half:
            hour = hour % 12 + (12 if half == "PM" else 0)
        seconds = float(found["second"] or 0)
        time = timedelta(hours=hour, minutes=int(found["minute"] or 0), seconds=seconds)
        if time >= timedelta(days=1):
            raise _UnreadableError(at, f"{text!r} is no date")
        is_numeric = re.fullmatch(r"\d+[./-]\d+[./-]\d+", found["date"])
        date = re.sub("[./-]", "/", found["date"]) if is_numeric else found["date"]
        date = date if is_numeric else re.sub(r"[-,.\s]+", " ", date).strip()
        return cls(date, time, found["zone"] or "")


def _guessed(texts: Sequence[str]) -> Stamps:
    """Read texts in the one order of day, month and year that fits all of them."""
    parts = [_Parts.of(at, text) for at, text in enumerate(texts)]
    readings = [read for order in _ORDERS if (read := _in_order(parts, order)) is not None]
    if not readings:
        raise _UnreadableError(*_first_misfit(texts, parts))
    for other in readings[1:]:
        for at, (one, two) in enumerate(zip(readings[0], other, strict=True)):
            if one != two:
                what = f"{texts[at]!r} may be {one:%Y-%m-%d} or {two:%Y-%m-%d}"
                raise _UnreadableError(at, what, _FORMAT)
    clock = [day + part.time for day, part in zip(readings[0], parts, strict=True)]
    offsets = [part.offset for part in parts]
    return Stamps(
        np.array(clock, dtype="datetime64[us]"), np.array(offsets, dtype="timedelta64[us]")
    )


def _in_order(parts: Sequence[_Parts], order: str) -> list[datetime] | None:
    try:
        return [datetime.strptime(part.date, order) for part in parts]
    except ValueError:
        return None


def _first_misfit(texts: Sequence[str], parts: Sequence[_Parts]) -> tuple[int, str, str]:
    """Return the first text that no order fits, or that the order of those before does not."""
    orders = list(_ORDERS)
    for at, part in enumerate(parts):
        left = [order for order in orders if _in_order([part], order) is not None]
        if not left:
            is_date = any(_in_order([part], order) is not None for order in _ORDERS)
            what = f"{texts[at]!r} is no date"
            if is_date:
                return at, f"{what} in the order of those before it", _FORMAT
            return at, what if texts[at] else "empty", _READABLE
        orders = left
    raise AssertionError("an order fits all texts")  # pragma: no cover
