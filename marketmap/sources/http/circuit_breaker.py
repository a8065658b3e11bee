"""A circuit breaker: a server that is down is not asked again and again."""

import threading
import time
from collections.abc import Callable

from marketmap.errors import SourceDownError


class Breaker:
    """Counts failures in a row; from ``limit`` on, asking is refused for a while.

    After ``rest_seconds`` one request is let through: if it fails, as long again.

    Parameters
    ----------
    limit : int
    rest_seconds : float
    clock : callable
        Seconds that only grow; for tests.
    """

    def __init__(
        self, limit: int, rest_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._last = ""
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether asking is refused right now."""
        with self._lock:
            return self._failures >= self._limit and self._clock() < self._open_until

    def check(self) -> None:
        """Pass, or raise.

        Raises
        ------
        SourceDownError
            The last ``limit`` requests failed, and the rest is not over.
        """
        with self._lock:
            if self._failures < self._limit:
                return
            if self._clock() < self._open_until:
                raise SourceDownError(
                    f"{self._failures} requests in a row failed, so no more were sent; "
                    f"the last: {self._last}"
                )
            self._open_until = self._clock() + self._rest_seconds  # this one tries, others wait

    def succeeded(self) -> None:
        """Record that a request was answered."""
        with self._lock:
            self._failures = 0

    def failed(self, why: str) -> None:
        """Record that a request was not answered."""
        with self._lock:
            self._failures += 1
            self._last = why
            if self._failures >= self._limit:
                self._open_until = self._clock() + self._rest_seconds
