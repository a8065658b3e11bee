"""What the status and the headers of an answer say about asking again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOO_MANY = 429
NOT_NOW = frozenset({408, 425, TOO_MANY})
"""Statuses below 500 that say "not now"; every status from 500 on does."""


def retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header names, as a number or as a date.

    None where there is no header, or neither can be read.
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
