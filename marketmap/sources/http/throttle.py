"""When the next request may leave: by the rate limit, after a wait, or not at all."""

import random
import threading

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.http.circuit_breaker import CircuitBreaker
from marketmap.sources.http.rate_limit import RateLimit


class Throttle:
    """Lets requests to one host leave, or keeps them back.

    Three things decide: the rate limit, which all programs of a user share; a wait that grows with
    every failure; and the circuit breaker, which stops all requests to a host that only fails.

    Parameters
    ----------
    fetch : FetchSettings
    host : str
    """

    def __init__(self, fetch: FetchSettings, host: str) -> None:
        self._fetch = fetch
        self._stopped = threading.Event()
        self._circuit_breaker = CircuitBreaker(fetch.give_up_after)
        self._rate_limit = RateLimit(
            host, fetch.requests_per_minute, fetch.max_wait_seconds, sleep=self._sleep
        )

    def stop(self) -> None:
        """Let no more requests leave, and end every wait at once."""
        self._stopped.set()

    @property
    def has_given_up(self) -> bool:
        """Whether no request may leave for now."""
        return self._circuit_breaker.is_open or self._stopped.is_set()

    def acquire(self) -> None:
        """Wait until a request may leave.

        Raises
        ------
        SourceDownError
            None may: the host failed too often or asked to be left alone for long, or asking was
            stopped.
        """
        self._check()
        self._rate_limit.acquire()
        self._check()

    def record_success(self) -> None:
        """Record that the host answered."""
        self._circuit_breaker.record_success()

    def record_failure(self, n: int, error: SourceError) -> None:
        """Record failure ``n`` in a row; if the host is too busy, nobody asks it for a while."""
        self._circuit_breaker.record_failure(str(error))
        if isinstance(error, SourceDownError) and error.is_busy:
            self._rate_limit.hold(
                self.backoff(n) if error.retry_after is None else error.retry_after
            )

    def give_up(self) -> None:
        """Let no request leave for a while, as after ``fetch.give_up_after`` failures in a row."""
        self._circuit_breaker.open_now()

    def wait(self, seconds: float, after: SourceError | None) -> None:
        """Wait after a failure, unless the whole host is on hold for it anyway.

        Raises
        ------
        SourceDownError
            Asking was stopped.
        """
        if not (isinstance(after, SourceDownError) and after.is_busy):
            self._sleep(seconds)

    def backoff(self, n: int) -> float:
        """Return how long to wait after failure ``n``: longer each time, with jitter."""
        wait = min(self._fetch.backoff_seconds * 2.0**n, self._fetch.max_wait_seconds)
        return wait * random.uniform(0.5, 1.5)  # noqa: S311 - only to part those who wait

    def _check(self) -> None:
        if self._stopped.is_set():
            raise SourceDownError("asking was stopped")
        self._circuit_breaker.check()

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds):
            raise SourceDownError("asking was stopped")
