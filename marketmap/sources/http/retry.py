"""Asking one host again where that may help. Whether to retry, and when, is decided here.

Each request waits until the throttle lets it leave. Then:

============ ============================== ==================================================
outcome      for the circuit breaker        then
============ ============================== ==================================================
accepted     a success                      the answer is returned
suspect      neither success nor failure    asked again: another answer has to confirm it
rejected     a failure                      asked again
rejected     a success: the host answers    the error is raised (where rejections are final)
unavailable  a failure                      asked again
============ ============================== ==================================================

Before each retry there is a wait, longer each time (:meth:`.throttle.Throttle.backoff`). After
``fetch.attempts`` requests the last error is raised. Where a host was never reached, as without any
network, ``fetch.unreachable_attempts`` requests are enough, and nothing else is asked there for a
while: whoever waits wants to know soon. Which HTTP statuses make a host unavailable is said in
:mod:`.transport`; which of ccxt's errors, in ``exchange/client.py``.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import Attempt, Outcome
from marketmap.sources.http.throttle import Throttle

log = logging.getLogger(__name__)

T = TypeVar("T")

WORTH_A_WORD = 1.0
"""Seconds from which on a wait is worth a warning."""


class SuspectAnswerError(SourceError):
    """An answer has rows that fail a check, and no earlier answer has confirmed them."""

    def __init__(self, doubt: str) -> None:
        super().__init__(f"no two answers agree: {doubt}")
        self.doubt = doubt


class Retry:
    """Asks one host, and again where that may help, within the bounds of ``fetch``.

    Parameters
    ----------
    fetch : FetchSettings
    host : str
        Whose rate limit is kept.
    rejected_is_final : bool
        Whether a rejected request is not sent again.

    Attributes
    ----------
    throttle : Throttle
        Lets requests leave, for all threads that ask through this object.
    """

    def __init__(self, fetch: FetchSettings, host: str, *, rejected_is_final: bool = False) -> None:
        self._attempts = fetch.attempts
        self._unreachable_attempts = min(fetch.attempts, fetch.unreachable_attempts)
        self._was_reached = False
        self._rejected_is_final = rejected_is_final
        self.throttle = Throttle(fetch, host)

    def ask(
        self, once: Callable[[int, datetime], T], attempts: list[Attempt], *, what: str = ""
    ) -> T:
        """Return the first accepted answer, and add each attempt to the list.

        Parameters
        ----------
        once : callable
            Sends one request, given how many were sent before, and the moment (UTC).
        attempts : list of Attempt
        what : str
            What is asked for, if a person is to be told of each long wait for it.

        Raises
        ------
        SourceDownError
            There was no answer, or no request may leave now (see :class:`.throttle.Throttle`).
        SourceError
            The last answer was an error, or suspect.
        """
        error: SourceError | None = None
        for n in range(self._attempts):
            if error is not None and n >= self._unreachable_attempts and self._is_offline(error):
                self.throttle.give_up()
                break
            if error is not None:
                seconds = self.throttle.backoff(n - 1)
                if what and seconds >= WORTH_A_WORD:
                    log.warning("%s: %s; asking again in %.0f s", what, error, seconds)
                self.throttle.wait(seconds, error)
            self.throttle.acquire()
            at, started = datetime.now(UTC), time.perf_counter()
            try:
                answer = once(n, at)
            except SourceError as problem:
                error, (outcome, detail) = problem, _outcome(problem)
                attempts.append(Attempt(at, time.perf_counter() - started, outcome, detail))
                self._was_reached |= not _is_unreachable(error)
                if outcome == "rejected" and self._rejected_is_final:
                    self.throttle.record_success()
                    raise
                if outcome != "suspect":
                    self.throttle.record_failure(n, error)
            else:
                attempts.append(Attempt(at, time.perf_counter() - started, "accepted"))
                self._was_reached = True
                self.throttle.record_success()
                return answer
        assert error is not None  # noqa: S101 - fetch.attempts is at least one
        raise error

    def _is_offline(self, error: SourceError) -> bool:
        return not self._was_reached and _is_unreachable(error)


def _is_unreachable(error: SourceError) -> bool:
    return isinstance(error, SourceDownError) and error.is_unreachable


def _outcome(error: SourceError) -> tuple[Outcome, str]:
    """Return what an error makes of a request, and the detail that is kept of it."""
    if isinstance(error, SuspectAnswerError):
        return "suspect", error.doubt
    return ("unavailable" if isinstance(error, SourceDownError) else "rejected"), str(error)
