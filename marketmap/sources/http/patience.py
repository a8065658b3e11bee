"""Asking again where that may help: bounded, paced, and written down attempt by attempt."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import Attempt, Outcome
from marketmap.sources.http.throttle import Turns

T = TypeVar("T")


class Patience:
    """Asks one host again while it is down, within ``fetch``'s bounds; an error is taken at once.

    Parameters
    ----------
    fetch : FetchSettings
    host : str
        Whose pace is kept.
    """

    def __init__(self, fetch: FetchSettings, host: str) -> None:
        self._attempts = fetch.attempts
        self.turns = Turns(fetch, host)

    def ask(self, ask: Callable[[], T], attempts: list[Attempt]) -> T:
        """Ask until there is an answer, and add each attempt to the list.

        Raises
        ------
        SourceDownError
            There was none, or asking was stopped.
        SourceError
            The answer was an error.
        """
        for n in range(self._attempts):
            self.turns.take()
            at, started = datetime.now(UTC), time.perf_counter()
            try:
                answer = ask()
            except SourceDownError as error:
                attempts.append(_attempt(at, started, "down", str(error)))
                self.turns.failed(n, error)
                if n + 1 == self._attempts:
                    raise
                self.turns.wait(self.turns.backoff(n), error)
            except SourceError as error:
                attempts.append(_attempt(at, started, "refused", str(error)))
                self.turns.succeeded()  # an answer it was
                raise
            else:
                attempts.append(_attempt(at, started, "accepted"))
                self.turns.succeeded()
                return answer
        raise AssertionError("fetch.attempts is at least one")


def _attempt(at: datetime, started: float, outcome: Outcome, detail: str = "") -> Attempt:
    return Attempt(at, time.perf_counter() - started, outcome, detail)
