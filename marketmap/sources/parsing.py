"""Reading numbers and text out of JSON that may hold anything."""

import json
import math
import re
from typing import Any

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_LONGEST_TEXT = 100
_LONGEST_RAW = 1000


class UnreadableError(ValueError):
    """A value is not what it should be; the message says what stands there instead."""


def parse_number(value: Any) -> float:
    """Read a number, which may be written as text; NaN where it is null.

    Raises
    ------
    UnreadableError
        Something else stands there, or an infinite number.
    """
    if value is None:
        return math.nan
    written = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
    if not written and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UnreadableError(f"{as_json(value)[:40]} where a number belongs")
    try:
        read = float(value)
    except OverflowError:
        read = math.inf
    if not math.isfinite(read):
        raise UnreadableError(f"{str(value)[:40]} where a number belongs")
    return read


def as_text(value: Any) -> str:
    """Return a value as text; only the name of its type where it is nested too deeply."""
    try:
        return str(value)
    except RecursionError:
        return type(value).__name__


def parse_text(value: Any) -> str:
    """Read a label: one line that can be stored and shown, whatever stands there."""
    return one_line(as_text(value).encode("utf-8", "replace").decode("utf-8"))[:_LONGEST_TEXT]


def one_line(words: str) -> str:
    """Return words as one line without control characters."""
    line = " ".join(words.split())
    return " ".join("".join(letter for letter in line if letter.isprintable()).split())


def as_json(value: Any) -> str:
    """Return a part of an answer as JSON in ASCII, shortened where it is long."""
    try:
        return json.dumps(value, ensure_ascii=True)[:_LONGEST_RAW]
    except RecursionError:
        return type(value).__name__
