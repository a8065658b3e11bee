"""A source that says what a test tells it to, asked through the retry loop."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import Answer, Label, ParsedAnswer, RawAnswer, Window
from marketmap.sources.http.confirmation import ask_until_confirmed
from marketmap.sources.http.retry import Retry

WINDOW = Window("7", date(2024, 1, 1), date(2024, 1, 9))
ROWS = pd.DataFrame({"close": [1.0]})
FETCH = FetchSettings(
    attempts=5, backoff_seconds=0, give_up_after=20, requests_per_minute=1_000_000
)
HOST = "asking.test"


@dataclass
class Told:
    """What a source says at one request: a body with its doubts, or an error."""

    body: str = "{}"
    made_at: str | None = "noon"
    doubts: tuple[str, ...] = ()
    error: SourceError | None = None
    has_body: bool = True

    @property
    def quarantined(self) -> tuple[dict[str, Any], ...]:
        """A row for every doubt."""
        return tuple(
            {"asset_id": "7", "date": date(2024, 1, 2), "reason": "spike", "raw": f"{doubt}"}
            for doubt in self.doubts
        )


@dataclass
class Script:
    """Says one thing after the other; the last of them for ever."""

    says: Sequence[Told]
    asked: list[int] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def __call__(self, n: int, raw_answers: list[RawAnswer]) -> ParsedAnswer:
        told = self.says[min(len(self.asked), len(self.says) - 1)]
        self.asked.append(n)
        self.moments.append(time.monotonic())
        if told.has_body:
            raw_answers.append(RawAnswer(told.body, None, {"path": "x", "n": str(n)}, told.made_at))
        if told.error is not None:
            raise told.error
        labels = (Label("7", "SYM", "Name", "history"),)
        return ParsedAnswer(WINDOW, ROWS, told.quarantined, told.doubts, labels)


def unavailable(message: str = "nobody there", **how: Any) -> Told:
    return Told(error=SourceDownError(message, **how), has_body=False)


def retry_of(**fetch: Any) -> Retry:
    return Retry(FETCH.model_copy(update=fetch), HOST)


def ask(*says: Told, **fetch: Any) -> tuple[Answer, Script]:
    script = Script(says)
    return ask_until_confirmed(retry_of(**fetch), WINDOW, script), script


def outcomes(answer: Answer) -> list[tuple[str, str]]:
    return [(attempt.outcome, attempt.detail) for attempt in answer.attempts]
