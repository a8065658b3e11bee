"""A circuit breaker: a host that only fails is not asked for a while."""

import threading
import time
from collections.abc import Callable

from marketmap.errors import SourceDownError


class CircuitBreaker:
    """Counts failures in a row; from ``limit`` on, the breaker is open and lets no request leave.

    After ``reset_seconds`` one request may leave: if it fails, the breaker stays open as long
    again; if it succeeds, the breaker closes.

    Parameters
    ----------
    limit : int
    reset_seconds : float
    clock : callable
        Seconds that only grow; for tests.
    """

    def __init__(
        self, limit: int, reset_seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._given = self._limit = limit
        self._reset_seconds = reset_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._last = ""
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether no request may leave right now."""
        with self._lock:
            return self._failures >= self._limit and self._clock() < self._open_until

    def check(self) -> None:
        """Pass, or raise.

        Raises
        ------
        SourceDownError
            The last ``limit`` requests failed, and ``reset_seconds`` are not over.
        """
        with self._lock:
            if self._failures < self._limit:
                return
            if self._clock() < self._open_until:
                raise SourceDownError(
                    f"{self._failures} requests in a row failed, so no more were sent; "
                    f"the last: {self._last}"
                )
            self._open_until = self._clock() + self._reset_seconds  # this one tries, others wait

    def record_success(self) -> None:
        """Record that a request was answered."""
        with self._lock:
            self._failures, self._limit = 0, self._given

    def open_now(self) -> None:
        """Let the failures so far be enough, until a request is answered."""
        with self._lock:
            self._limit = min(self._limit, max(1, self._failures))
            self._open_until = self._clock() + self._reset_seconds

    def record_failure(self, why: str) -> None:
        """Record that a request was not answered."""
        with self._lock:
            self._failures += 1
            self._last = why
            if self._failures >= self._limit:
                self._open_until = self._clock() + self._reset_seconds
