"""What a remote source answers, from the body that came to the rows that a map is made from.

An answer goes through four stages:

- :class:`RawAnswer`: a body as it came, with the request that it answers;
- :class:`ParsedAnswer`: its rows, read and checked, and what is suspect about them;
- :class:`ArchivedAnswer`: what the archive keeps of a raw answer, so that it can be read again;
- :class:`Answer`: what came of asking, after all attempts. It is a plain value: a notebook takes
  the rows (:meth:`Answer.unwrap`), a flow stores everything, attempts and quarantined rows too.

**Quarantined rows** are a frame with one row per candle, or per body, that is not fit to be stored:

========== =================== ==============================================================
asset_id   str                 the asset that was asked for; empty where it was a listing
date       datetime64[us]      NaT where the row, or the whole body, has no readable day
reason     str                 a word of :data:`REASONS`
detail     str                 a sentence with figures
raw        str                 the row as it came, as JSON; the beginning of a rejected body
open, high, low, close, volume, market_cap, turnover  float   NaN where unreadable
========== =================== ==============================================================
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from marketmap.errors import SourceDownError, SourceError
from marketmap.frames import PRICE_VALUES, price_frame

ONE_DAY = timedelta(days=1)

Outcome = Literal["accepted", "suspect", "rejected", "unavailable"]
"""``suspect``: an answer with rows that fail a check, so that another answer has to confirm them;
``rejected``: not an answer to what was asked; ``unavailable``: no answer at all."""

REASONS: dict[str, str] = {
    "not_the_answer": "a body about another coin, other days, or that cannot be read",
    "unreadable": "a field is missing, or text stands where a number or a day belongs",
    "no_price": "open, high, low or close is null",
    "not_positive": "a price of zero or less",
    "broken_bar": "open or close lies outside of low to high",
    "wick": "high or low lies a hundred times away from open and close",
    "repeated": "two rows of one day that differ",
    "spike": "far from both neighbours, which agree with each other",
    "unconfirmed": "ten times the close before, and no later day to confirm it yet",
    "contradicted": "other answers, which agree with each other, tell the same days otherwise",
    "rescaled": "the source tells the whole history in another unit since",
    "disputed": "answers about the same days contradict each other, and no two agree",
    "another_asset": "equal to another asset's prices to the last digit",
}
"""Every reason why a row is kept out of the prices, each with a line for readers."""

QUARANTINE_COLUMNS = ("asset_id", "date", "reason", "detail", "raw", *PRICE_VALUES)


@dataclass(frozen=True)
class Window:
    """What is asked for: an asset's days from ``first`` to ``last``, or a listing (no asset)."""

    asset_id: str | None
    first: date
    last: date

    def __str__(self) -> str:
        """Return how messages name it."""
        return (
            "listing"
            if self.asset_id is None
            else (f"coin {self.asset_id}, {self.first} to {self.last}")
        )

    def holds(self, day: date) -> bool:
        """Return whether a day is one of its days."""
        return self.first <= day <= self.last

    def named_in(self, error: SourceError) -> SourceError:
        """Return an error of the same class whose message begins with this window."""
        message = f"{self}: {error}"
        if isinstance(error, SourceDownError):
            return SourceDownError(
                message,
                retry_after=error.retry_after,
                is_busy=error.is_busy,
                is_unreachable=error.is_unreachable,
            )
        return SourceError(message)

    def split(self, n_days: int) -> "list[Window]":
        """Return windows of at most so many days, the newest first; each day is in one of them."""
        windows = []
        end = self.last
        while self.first <= end:
            first = max(self.first, end - (n_days - 1) * ONE_DAY)
            windows.append(Window(self.asset_id, first, end))
            end = first - ONE_DAY
        return windows

    def without(self, other: "Window") -> "list[Window]":
        """Return the parts of this window that another one does not cover."""
        before = Window(self.asset_id, self.first, min(self.last, other.first - ONE_DAY))
        after = Window(self.asset_id, max(self.first, other.last + ONE_DAY), self.last)
        return [window for window in (before, after) if window.first <= window.last]


@dataclass(frozen=True)
class Attempt:
    """One request: when it left (UTC), how long it took, and what came of it."""

    at: datetime
    seconds: float
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Label:
    """What an asset is called, and by which of the source's answers ("listing" or "history")."""

    asset_id: str
    symbol: str
    name: str
    told_by: Literal["listing", "history"]


@dataclass(frozen=True)
class RawAnswer:
    """A body of JSON as it came.

    Attributes
    ----------
    text : str
    value : object
        The text, parsed.
    request : mapping of str to str
        What was asked, in the source's own words: a path and its parameters.
    made_at : str or None
        When it says that it was made, where it says so.
    """

    text: str
    value: Any
    request: Mapping[str, str] = field(default_factory=dict)
    made_at: str | None = None


@dataclass(frozen=True, eq=False)
class ParsedAnswer:
    """A raw answer that was read and checked.

    Attributes
    ----------
    window : Window
        What of the window it answers: all of it, unless the answer ended early.
    rows : DataFrame
        What passed the checks.
    around : DataFrame
        What passed them of the days around the window: there to compare with.
    quarantined : tuple of mapping
        What did not: rows of :func:`quarantine_frame`.
    doubts : tuple of str
        What another answer has to confirm; the same words for the same doubt.
    labels : tuple of Label
    """

    window: Window
    rows: pd.DataFrame
    quarantined: tuple[Mapping[str, Any], ...] = ()
    doubts: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    around: pd.DataFrame = field(default_factory=lambda: price_frame(pd.DataFrame()))


@dataclass(frozen=True)
class ArchivedAnswer:
    """What the archive keeps of a raw answer, so that it can be read again.

    Attributes
    ----------
    window : Window
    at : datetime
        When it came, UTC.
    request : mapping of str to str
        What was asked, in the source's own words: a path and its parameters.
    accepted : bool
        Whether its rows were used.
    text : str
        The body as it came.
    """

    window: Window
    at: datetime
    request: Mapping[str, str]
    accepted: bool
    text: str


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of asking.

    Attributes
    ----------
    window : Window
    attempts : tuple of Attempt
        In order of time; the last one is the accepted one where there is one.
    rows : DataFrame or None
        Prices or a listing, as :mod:`marketmap.frames` describes them; None where asking failed.
    error : SourceError or None
        Why asking failed.
    quarantined : DataFrame
        As the module's docstring says.
    labels : tuple of Label
        What the answer calls its assets.
    archived : tuple of ArchivedAnswer
        Every body that held JSON, whatever came of it.
    around : DataFrame
        Prices of days around the window, which came with it. They are not stored, but compared with
        what is stored of these days.
    """

    window: Window
    attempts: tuple[Attempt, ...]
    rows: pd.DataFrame | None = None
    error: SourceError | None = None
    quarantined: pd.DataFrame = field(default_factory=lambda: quarantine_frame([]))
    labels: tuple[Label, ...] = ()
    archived: tuple[ArchivedAnswer, ...] = ()
    around: pd.DataFrame = field(default_factory=lambda: price_frame(pd.DataFrame()))

    def unwrap(self) -> pd.DataFrame:
        """Return the rows, or raise the error."""
        if self.rows is None:
            assert self.error is not None  # noqa: S101 - one of the two is always there
            raise self.error
        return self.rows


def rejected_rows(
    window: Window, error: Exception, texts: Iterable[str]
) -> list[Mapping[str, Any]]:
    """Return quarantined rows of bodies that do not answer what was asked."""
    return [
        {
            "asset_id": window.asset_id or "",
            "reason": "not_the_answer",
            "detail": str(error),
            "raw": text[:200],
        }
        for text in texts
    ]


def quarantine_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return quarantined rows with their columns and types, each of them once."""
    frame = pd.DataFrame(list(rows), columns=list(QUARANTINE_COLUMNS))
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[us]")
    texts = dict.fromkeys(("asset_id", "reason", "detail", "raw"), "str")
    frame = frame.astype(texts | dict.fromkeys(PRICE_VALUES, "float64"))
    return frame.drop_duplicates(["asset_id", "date", "reason", "raw"], ignore_index=True)
