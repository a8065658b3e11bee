"""Asking until an answer can be trusted: what one answer does not prove, a second one confirms.

An answer is accepted when every row of it passes every check, or when a second answer has the very
same suspect rows: then they are what the source says, and quarantined or taken as unknown. So one
odd answer is never believed, and an odd day is not asked for without end.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.answers import (
    Answer,
    ArchivedAnswer,
    Attempt,
    ParsedAnswer,
    RawAnswer,
    Window,
    quarantine_frame,
    rejected_rows,
)
from marketmap.sources.http.retry import Retry, SuspectAnswerError

Once = Callable[[int, list[RawAnswer]], ParsedAnswer]
"""Asks once, given how often it was asked before; adds the raw answer to the list as it comes."""


def ask_until_confirmed(retry: Retry, window: Window, once: Once) -> Answer:
    """Return what came of asking for a window; a failure is told in the answer, never raised."""
    inquiry = _Inquiry(window, once)
    # Nothing goes on without a listing, so that a person wants to know of every wait.
    what = "listing" if window.asset_id is None else ""
    try:
        parsed = retry.ask(inquiry.ask, inquiry.attempts, what=what)
    except SourceError as error:
        return inquiry.failed(error)
    return inquiry.accepted(parsed)


class _Inquiry:
    """All that has come since a window was first asked for."""

    def __init__(self, window: Window, once: Once) -> None:
        self.attempts: list[Attempt] = []
        self._window = window
        self._once = once
        self._archived: list[ArchivedAnswer] = []
        self._quarantined: list[Mapping[str, Any]] = []
        self._made_at: dict[tuple[str, ...], set[str | None]] = {}
        """By doubts: when the answers that have them say that they were made."""

    def ask(self, n: int, at: datetime) -> ParsedAnswer:
        """Ask once; raise where the answer cannot be accepted."""
        raw_answers: list[RawAnswer] = []
        accepted = False
        try:
            parsed = self._once(n, raw_answers)
            self._quarantined += parsed.quarantined
            self._check_confirmed(parsed, raw_answers[-1])
            accepted = True
        except (SourceDownError, SuspectAnswerError):
            raise
        except SourceError as error:
            texts = [raw.text for raw in raw_answers]
            self._quarantined += rejected_rows(self._window, error, texts)
            raise
        finally:
            self._archived += [
                ArchivedAnswer(self._window, at, raw.request, accepted, raw.text)
                for raw in raw_answers
            ]
        return parsed

    def accepted(self, parsed: ParsedAnswer) -> Answer:
        return Answer(
            parsed.window,
            tuple(self.attempts),
            rows=parsed.rows,
            quarantined=quarantine_frame(self._quarantined),
            labels=parsed.labels,
            archived=tuple(self._archived),
            around=parsed.around,
        )

    def failed(self, error: SourceError) -> Answer:
        return Answer(
            self._window,
            tuple(self.attempts),
            error=self._window.named_in(error),
            quarantined=quarantine_frame(self._quarantined),
            archived=tuple(self._archived),
        )

    def _check_confirmed(self, parsed: ParsedAnswer, raw: RawAnswer) -> None:
        """Pass, or raise where the answer has doubts that no earlier answer confirms."""
        if not parsed.doubts:
            return
        before = self._made_at.setdefault(parsed.doubts, set())
        # An answer made at the same moment is the same answer again, and confirms nothing.
        confirmed = bool(before - {raw.made_at}) or (None in before and raw.made_at is None)
        before.add(raw.made_at)
        if not confirmed:
            more = f" and {len(parsed.doubts) - 1} more" if len(parsed.doubts) > 1 else ""
            raise SuspectAnswerError(f"{parsed.doubts[0][:120]}{more}")
