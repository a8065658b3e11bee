"""A breaker opens after failures in a row, lets one through after a rest, and closes again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from marketmap.errors import SourceDownError
from marketmap.sources.http.circuit_breaker import CircuitBreaker


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def broken(limit: int, clock: Clock, reset_seconds: float = 60.0) -> CircuitBreaker:
    """Return a breaker that has seen ``limit`` failures."""
    breaker = CircuitBreaker(limit, reset_seconds, clock)
    for n in range(limit):
        breaker.record_failure(f"failure {n}")
    return breaker


def lets_through(breaker: CircuitBreaker) -> bool:
    try:
        breaker.check()
    except SourceDownError:
        return False
    return True


def test_it_opens_after_as_many_failures_as_was_said_and_names_the_last() -> None:
    breaker = CircuitBreaker(3)
    for n in range(2):
        breaker.record_failure(f"failure {n}")
        breaker.check()
        assert not breaker.is_open
    breaker.record_failure("failure 2")
    assert breaker.is_open
    said = r"^3 requests in a row failed, so no more were sent; the last: failure 2$"
    with pytest.raises(SourceDownError, match=said) as caught:
        breaker.check()
    assert (caught.value.retry_after, caught.value.is_busy) == (None, False)


def test_a_success_starts_the_count_anew() -> None:
    breaker = CircuitBreaker(2)
    for _ in range(5):
        breaker.record_failure("once")
        breaker.record_success()
    assert not breaker.is_open
    breaker.record_failure("once")
    breaker.check()
    breaker.record_failure("twice")
    assert breaker.is_open


def test_after_the_reset_time_one_is_let_through_and_the_others_wait() -> None:
    clock = Clock()
    breaker = broken(2, clock, 60.0)
    clock.now += 59.9
    assert not lets_through(breaker)
    clock.now += 0.1
    assert [lets_through(breaker) for _ in range(3)] == [True, False, False]
    assert breaker.is_open


def test_of_many_threads_after_the_reset_time_one_is_let_through() -> None:
    clock = Clock()
    breaker = broken(1, clock)
    clock.now += 60
    start = threading.Barrier(8)

    def check(_: int) -> bool:
        start.wait()
        return lets_through(breaker)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(check, range(8))) == 1


def test_it_closes_on_the_first_success() -> None:
    clock = Clock()
    breaker = broken(2, clock)
    clock.now += 60
    assert lets_through(breaker)
    breaker.record_success()
    assert not breaker.is_open
    assert [lets_through(breaker) for _ in range(3)] == [True, True, True]


def test_another_failure_is_as_long_again() -> None:
    clock = Clock()
    breaker = broken(2, clock, 60.0)
    clock.now += 100
    assert lets_through(breaker)
    clock.now += 10
    breaker.record_failure("again")
    clock.now += 59.9
    with pytest.raises(SourceDownError, match=r"^3 requests in a row failed, .*: again$"):
        breaker.check()
    clock.now += 0.1
    assert lets_through(breaker)
