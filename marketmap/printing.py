"""Text for people to read: counts, and strangers' names where a terminal would obey them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

NAMED = 8
"""So many assets are named; of more, how many there are is said."""


def plural(count: int, noun: str) -> str:
    """Write a count with its noun: ``1 day``, ``1,200 days``."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def first_to_last(days: Sequence[date]) -> str:
    """Write the span of some days, which are in order: ``2025-12-29 to 2025-12-31``, or one day."""
    return f"{days[0]}" if days[0] == days[-1] else f"{days[0]} to {days[-1]}"


def printable(text: str) -> str:
    """Show what is not to be printed as an escape.

    That is every control character, line breaks included, and what turns or hides the text around
    it, such as the right-to-left override.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def named_assets(asset_ids: Sequence[str], symbols: Mapping[str, str]) -> str:
    """Name some assets, and say how many more there are."""
    some = [f"{symbols.get(i, i)} ({i})" for i in asset_ids[:NAMED]]
    more = len(asset_ids) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "")


def brief(thing: Any) -> str:
    """Describe a dataclass in a line: of tables their shapes, of mappings their keys."""
    parts = (f"{field.name}={_brief(getattr(thing, field.name))}" for field in fields(thing))
    return f"{type(thing).__name__}({', '.join(parts)})"


def _brief(value: Any) -> str:
    if hasattr(value, "shape"):  # a table or column; who prints text alone does without pandas
        return f"{type(value).__name__} of {' x '.join(map(str, value.shape))}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(map(str, value))}}}"
    if isinstance(value, date):
        return value.isoformat()
    text = repr(value) if isinstance(value, str | int | float | tuple | None) else "..."
    return text if len(text) <= 60 else f"{text[:59]}…"
