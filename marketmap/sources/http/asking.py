"""Asking until an answer can be trusted: patiently, politely, and never without an end.

An answer is accepted when every row of it passes every check, or when a second answer has the very
same doubtful rows: then they are what the source says, and kept apart (quarantined) or taken as
unknown. One odd answer is thus never believed, and an odd day never asked for without end.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import (
    Answer,
    Attempt,
    Body,
    Label,
    Outcome,
    Window,
    quarantine_frame,
)
from marketmap.sources.http.throttle import Turns

log = logging.getLogger(__name__)

WORTH_A_WORD = 1.0


@dataclass(frozen=True)
class Reply:
    """A body as it came: its text, what it was asked with, and when it says it was made."""

    request: Mapping[str, str]
    text: str
    made_at: str | None


@dataclass(frozen=True, eq=False)
class Reading:
    """A body that was read.

    Attributes
    ----------
    window : Window
        What of the window it answers: all of it, unless the answer ended early.
    rows : DataFrame
        What passed the checks.
    quarantined : tuple of mapping
        What did not: rows of :func:`marketmap.sources.answers.quarantine_frame`.
    doubts : tuple of str
        What a second answer has to confirm; the same words for the same doubt.
    labels : tuple of Label
    """

    window: Window
    rows: pd.DataFrame
    quarantined: tuple[Mapping[str, Any], ...] = ()
    doubts: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


Once = Callable[[int, list[Reply]], Reading]
"""Asks once, given how often it was asked before; adds the body to the list as soon as it came."""


class Asker:
    """Asks one host again until an answer can be trusted, within ``fetch``'s bounds.

    Parameters
    ----------
    fetch : FetchSettings
    host : str
        Whose pace is kept.
    """

    def __init__(self, fetch: FetchSettings, host: str) -> None:
        self._attempts = fetch.attempts
        self.turns = Turns(fetch, host)

    def ask(self, window: Window, once: Once) -> Answer:
        """Ask for a window; tells a failure in the answer and raises nothing of its own."""
        asking = _Asking(window)
        for n in range(self._attempts):
            try:
                if n:
                    self._wait(n - 1, asking)
                self.turns.take()
            except SourceDownError as problem:
                asking.error = problem
                break
            reading = asking.attempt(n, once)
            if reading is not None:
                self.turns.succeeded()
                return asking.accepted(reading)
            if asking.outcome != "doubted" and asking.error is not None:
                self.turns.failed(n, asking.error)
        return asking.failed()

    def _wait(self, n: int, asking: "_Asking") -> None:
        seconds = self.turns.backoff(n)
        if asking.window.asset_id is None and seconds >= WORTH_A_WORD:
            # Nothing goes on without a listing, so that a person wants to know.
            log.warning("listing: %s; asking again in %.0f s", asking.error, seconds)
        self.turns.wait(seconds, asking.error)


class _Asking:
    """All that has happened since a window was first asked for."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.error: SourceError | None = None
        self.outcome: Outcome = "down"
        self._attempts: list[Attempt] = []
        self._bodies: list[Body] = []
        self._quarantined: list[Mapping[str, Any]] = []
        self._doubted: dict[tuple[str, ...], set[str | None]] = {}

    def attempt(self, n: int, once: Once) -> Reading | None:
        """Ask once; give the reading if it can be accepted."""
        at, started = datetime.now(UTC), time.perf_counter()
        replies: list[Reply] = []
        reading: Reading | None = None
        try:
            reading = once(n, replies)
            detail = self._doubt(reading, replies[-1])
            self.outcome = "doubted" if detail else "accepted"
        except SourceDownError as problem:
            self.outcome, self.error, detail = "down", problem, str(problem)
        except SourceError as problem:
            self.outcome, self.error, detail = "refused", problem, str(problem)
            self._refuse(problem, replies)
        self._attempts.append(Attempt(at, time.perf_counter() - started, self.outcome, detail))
        accepted = self.outcome == "accepted"
        self._bodies += [
            Body(self.window, at, reply.request, accepted, reply.text) for reply in replies
        ]
        return reading if accepted else None

    def accepted(self, reading: Reading) -> Answer:
        return Answer(
            reading.window,
            tuple(self._attempts),
            rows=reading.rows,
            quarantined=quarantine_frame(self._quarantined),
            labels=reading.labels,
            bodies=tuple(self._bodies),
        )

    def failed(self) -> Answer:
        assert self.error is not None  # noqa: S101 - nothing was accepted
        return Answer(
            self.window,
            tuple(self._attempts),
            error=self.window.blamed(self.error),
            quarantined=quarantine_frame(self._quarantined),
            bodies=tuple(self._bodies),
        )

    def _doubt(self, reading: Reading, reply: Reply) -> str:
        """Return what is doubtful about an answer that no earlier one has confirmed."""
        self._quarantined += reading.quarantined
        if not reading.doubts:
            return ""
        before = self._doubted.setdefault(reading.doubts, set())
        # A body made at the same moment is the same body again, and confirms nothing.
        confirmed = bool(before - {reply.made_at}) or (None in before and reply.made_at is None)
        before.add(reply.made_at)
        if confirmed:
            return ""
        more = f" and {len(reading.doubts) - 1} more" if len(reading.doubts) > 1 else ""
        detail = f"{reading.doubts[0][:120]}{more}"
        self.error = SourceError(f"no two answers agree: {detail}")
        return detail

    def _refuse(self, problem: SourceError, replies: list[Reply]) -> None:
        self._quarantined += [
            {
                "asset_id": self.window.asset_id or "",
                "reason": "not_the_answer",
                "detail": str(problem),
                "raw": reply.text[:200],
            }
            for reply in replies
        ]
