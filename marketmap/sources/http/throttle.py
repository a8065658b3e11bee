"""When the next request may leave: in its turn, after a wait, or not at all."""

import random
import threading

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.http.circuit_breaker import Breaker
from marketmap.sources.http.rate_limit import Pace


class Turns:
    """One host's turns: paced for the whole machine, later after failures, none from a dead host.

    Parameters
    ----------
    fetch : FetchSettings
    host : str
    """

    def __init__(self, fetch: FetchSettings, host: str) -> None:
        self._fetch = fetch
        self._stopped = threading.Event()
        self._breaker = Breaker(fetch.give_up_after)
        pace, patience = fetch.requests_per_minute, fetch.max_wait_seconds
        self._pace = Pace(host, pace, patience, sleep=self._sleep)

    def stop(self) -> None:
        """Give no more turns, and end every wait at once."""
        self._stopped.set()

    @property
    def has_given_up(self) -> bool:
        """Whether there are no turns for now."""
        return self._breaker.is_open or self._stopped.is_set()

    def take(self) -> None:
        """Wait for one's turn.

        Raises
        ------
        SourceDownError
            There is none: the host failed too often or asked to be left alone for long, or asking
            was stopped.
        """
        self._check()
        self._pace.take()
        self._check()

    def succeeded(self) -> None:
        """Record that the host answered."""
        self._breaker.succeeded()

    def failed(self, n: int, error: SourceError) -> None:
        """Record failure ``n`` in a row; if the host is too busy, nobody asks it for a while."""
        self._breaker.failed(str(error))
        if isinstance(error, SourceDownError) and error.is_busy:
            self._pace.hold(self.backoff(n) if error.retry_after is None else error.retry_after)

    def wait(self, seconds: float, after: SourceError | None) -> None:
        """Wait after a failure, unless the pace is held for it anyway.

        Raises
        ------
        SourceDownError
            Asking was stopped.
        """
        if not (isinstance(after, SourceDownError) and after.is_busy):
            self._sleep(seconds)

    def backoff(self, n: int) -> float:
        """Return how long to wait after failure ``n``: longer each time, and never alike."""
        wait = min(self._fetch.backoff_seconds * 2.0**n, self._fetch.max_wait_seconds)
        return wait * random.uniform(0.5, 1.5)  # noqa: S311 - only to part those who wait

    def _check(self) -> None:
        if self._stopped.is_set():
            raise SourceDownError("asking was stopped")
        self._breaker.check()

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise SourceDownError("asking was stopped")
