"""The envelope of what CoinMarketCap answers, and the values in it; it promises no shape at all."""

import json
import math
import re
from typing import Any

from marketmap.errors import SourceDownError, SourceError

QUOTE = "USD"

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_LONGEST_TEXT = 100
_LONGEST_RAW = 1000


class UnreadableError(ValueError):
    """A value that is not what it should be; the message says what stands there instead."""


def checked(body: Any, key: str) -> dict[str, Any]:
    """Give back an answer that says success and has the list ``data[key]``, or raise.

    Errors come with HTTP 200 and a ``status.error_code`` that is a number in text; at times
    there is data beside it, which is not to be trusted.

    Raises
    ------
    SourceDownError
        The answer says that the service is busy or broken (429 or 5xx).
    SourceError
        It says another error, or has another shape.
    """
    if not isinstance(body, dict):
        raise SourceError(f"the answer is no JSON object but {type(body).__name__}")
    status = body.get("status")
    if not isinstance(status, dict):
        status = {}
    code = said(status.get("error_code") or 0)[:20]
    if code != "0":
        message = f"the answer says error {code}: {text(status.get('error_message'))}"
        if code == "429" or (len(code) == 3 and code.startswith("5")):
            raise SourceDownError(message, is_busy=code == "429")
        raise SourceError(message)
    data = body.get("data")
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise SourceError(f"the answer has no list data.{key}")
    return body


def made_at(body: Any) -> str | None:
    """Tell when an answer says that it was made."""
    status = body.get("status") if isinstance(body, dict) else None
    moment = status.get("timestamp") if isinstance(status, dict) else None
    return moment if isinstance(moment, str) else None


def number(value: Any) -> float:
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


def said(value: Any) -> str:
    """Give a value as text; only its type where it is nested without end."""
    try:
        return str(value)
    except RecursionError:
        return type(value).__name__


def text(value: Any) -> str:
    """Read a label: one line that can be stored and shown, whatever stands there."""
    line = " ".join(said(value).encode("utf-8", "replace").decode("utf-8").split())
    shown = "".join(letter for letter in line if letter.isprintable())
    return " ".join(shown.split())[:_LONGEST_TEXT]


def as_json(value: Any) -> str:
    """Write a part of an answer down, in ASCII, shortened where it has no end."""
    try:
        return json.dumps(value, ensure_ascii=True)[:_LONGEST_RAW]
    except RecursionError:
        return type(value).__name__
