"""Retries: which outcomes are retried, how long the waits are, and when asking ends."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.answers import Answer, Attempt, Window
from marketmap.sources.http.confirmation import ask_until_confirmed
from marketmap.sources.http.rate_limit import RateLimit
from marketmap.sources.http.retry import Retry, SuspectAnswerError
from tests.marketmap.sources.http.scripts import (
    FETCH,
    HOST,
    WINDOW,
    Script,
    Told,
    retry_of,
    unavailable,
)

# --- which outcomes are retried


def outcomes_of(
    *says: SourceError | str, is_final: bool = False, **fetch: Any
) -> tuple[list[tuple[str, str]], Retry]:
    """Return the attempts at a host that says one thing after the other."""
    retry = Retry(FETCH.model_copy(update=fetch), HOST, rejected_is_final=is_final)
    attempts: list[Attempt] = []

    def once(n: int, at: datetime) -> str:
        said = says[min(n, len(says) - 1)]
        if isinstance(said, SourceError):
            raise said
        return said

    with suppress(SourceError):
        assert retry.ask(once, attempts) == "good"
    return [(attempt.outcome, attempt.detail) for attempt in attempts], retry


DOWN, WRONG, ODD = SourceDownError("nobody"), SourceError("wrong"), SuspectAnswerError("odd")


def test_every_failure_is_retried_until_an_answer_is_accepted() -> None:
    attempts, _ = outcomes_of(DOWN, WRONG, ODD, "good")
    assert attempts == [
        ("unavailable", "nobody"),
        ("rejected", "wrong"),
        ("suspect", "odd"),
        ("accepted", ""),
    ]


def test_after_the_last_attempt_the_last_error_is_raised() -> None:
    attempts: list[Attempt] = []

    def once(n: int, at: datetime) -> str:
        raise [WRONG, DOWN][n]

    with pytest.raises(SourceDownError) as caught:
        retry_of(attempts=2).ask(once, attempts)
    assert caught.value is DOWN
    assert [attempt.outcome for attempt in attempts] == ["rejected", "unavailable"]


def test_a_final_rejection_is_not_retried_and_what_is_unavailable_is() -> None:
    attempts, _ = outcomes_of(DOWN, WRONG, "good", is_final=True)
    assert attempts == [("unavailable", "nobody"), ("rejected", "wrong")]


@pytest.mark.parametrize(
    ("said", "is_final", "gives_up"),
    [(DOWN, True, True), (WRONG, False, True), (WRONG, True, False), (ODD, False, False)],
)
def test_what_the_circuit_breaker_counts_as_a_failure(
    said: SourceError, is_final: bool, gives_up: bool
) -> None:
    _, retry = outcomes_of(said, is_final=is_final, attempts=1, give_up_after=1)
    assert retry.throttle.has_given_up == gives_up


def test_a_final_rejection_closes_the_circuit_breaker_as_any_answer_does() -> None:
    retry = Retry(FETCH.model_copy(update={"give_up_after": 2}), HOST, rejected_is_final=True)
    for error in (DOWN, WRONG, DOWN, WRONG):

        def once(n: int, at: datetime, error: SourceError = error) -> str:
            raise error if n == 0 else WRONG

        with pytest.raises(SourceError, match="wrong"):
            retry.ask(once, [])
    assert not retry.throttle.has_given_up


# --- how patiently


def waits_of(monkeypatch: pytest.MonkeyPatch, *says: Told, **fetch: Any) -> list[float]:
    """Return how long a retry waits between requests, without waiting."""
    waits: list[float] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is not None and timeout > 0.01:  # the rate limit's own are shorter
                waits.append(timeout)
            return False

    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Event)
        retry = retry_of(**fetch)
    ask_until_confirmed(retry, WINDOW, Script(says))
    return waits


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_it_waits_longer_after_each_failure_up_to_a_bound_and_never_alike(
    monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    monkeypatch.setattr("random.random", lambda: chance)
    monkeypatch.setattr("random.uniform", lambda low, high: low + (high - low) * chance)
    fetch = {"attempts": 7, "backoff_seconds": 2.0, "max_wait_seconds": 20.0}
    waits = waits_of(monkeypatch, unavailable(), **fetch)
    factor = 0.5 + chance
    assert waits == [factor * wait for wait in (2.0, 4.0, 8.0, 16.0, 20.0, 20.0)]


def test_it_waits_before_asking_for_another_opinion_too(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(monkeypatch, Told(doubts=("odd",)), attempts=2, backoff_seconds=2.0)
    assert len(waits) == 1
    assert 1.0 <= waits[0] <= 3.0


def held(monkeypatch: pytest.MonkeyPatch, *says: Told, **fetch: Any) -> list[float]:
    """Return for how long a retry lets nobody ask the host."""
    holds: list[float] = []
    monkeypatch.setattr(RateLimit, "hold", lambda self, seconds: holds.append(seconds))
    ask_until_confirmed(retry_of(**fetch), WINDOW, Script(says))
    return holds


def test_retry_after_holds_the_host_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    says = [unavailable(retry_after=7.0), unavailable(), Told()]
    assert held(monkeypatch, *says) == [7.0]
    assert held(monkeypatch, unavailable(retry_after=0.0), Told()) == [0.0]


def test_a_host_that_is_busy_and_does_not_say_how_long_is_held_longer_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holds = held(monkeypatch, unavailable(is_busy=True), attempts=4, backoff_seconds=2.0)
    assert [0.5 * 2**n <= hold / 2 <= 1.5 * 2**n for n, hold in enumerate(holds)] == [True] * 4


def test_one_does_not_wait_twice_for_a_host_that_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RateLimit, "hold", lambda self, seconds: None)
    assert waits_of(monkeypatch, unavailable(is_busy=True), Told(), backoff_seconds=2.0) == []


def test_whoever_else_asks_the_host_waits_as_well() -> None:
    begun = time.monotonic()
    ask_until_confirmed(retry_of(attempts=1), WINDOW, Script([unavailable(retry_after=0.3)]))
    script = Script([Told()])
    ask_until_confirmed(retry_of(), WINDOW, script)
    assert 0.2 < script.moments[0] - begun < 2


def test_a_host_that_wants_to_be_left_alone_for_too_long_is_not_asked() -> None:
    retry = retry_of(max_wait_seconds=5.0)
    script = Script([unavailable(retry_after=60.0)])
    answer = ask_until_confirmed(retry, WINDOW, script)
    assert script.asked == [0]
    assert isinstance(answer.error, SourceDownError)
    assert str(answer.error).startswith(f"{WINDOW}: {HOST} asked to be left alone until ")
    assert answer.error.retry_after is not None
    assert 55 < answer.error.retry_after <= 60
    assert ask_until_confirmed(retry, WINDOW, script).attempts == ()


def test_the_rate_limit_of_the_host_is_kept() -> None:
    script = Script([Told(doubts=("odd",))])
    ask_until_confirmed(retry_of(attempts=3, requests_per_minute=600), WINDOW, script)
    assert script.moments[2] - script.moments[0] > 0.19


# --- when it ends


def test_the_breaker_ends_asking_for_all_windows() -> None:
    retry = retry_of(give_up_after=3)
    script = Script([unavailable("a"), Told(error=SourceError("b")), unavailable("c")])
    answer = ask_until_confirmed(retry, WINDOW, script)
    assert script.asked == [0, 1, 2]
    why = "3 requests in a row failed, so no more were sent; the last: c"
    assert str(answer.error) == f"{WINDOW}: {why}"
    assert isinstance(answer.error, SourceDownError)
    assert retry.throttle.has_given_up
    again = ask_until_confirmed(retry, WINDOW, script)
    assert (again.attempts, str(again.error)) == ((), f"{WINDOW}: {why}")
    assert len(script.asked) == 3


def test_doubts_do_not_open_the_breaker_and_an_accepted_answer_closes_it() -> None:
    retry = retry_of(give_up_after=2)
    for _ in range(3):
        ask_until_confirmed(retry, WINDOW, Script([Told(doubts=("odd",))]))
        ask_until_confirmed(retry, WINDOW, Script([unavailable(), Told()]))
        assert not retry.throttle.has_given_up


@pytest.fixture
def ending() -> Callable[[Retry, Script], tuple[Answer, float]]:
    """Return a way to let somebody wait in a thread, stop it, and tell how soon that ended it."""

    def ask_and_stop(retry: Retry, script: Script) -> tuple[Answer, float]:
        answers: list[Answer] = []
        thread = threading.Thread(
            target=lambda: answers.append(ask_until_confirmed(retry, WINDOW, script))
        )
        thread.start()
        time.sleep(0.1)
        assert thread.is_alive()
        begun = time.monotonic()
        retry.throttle.stop()
        thread.join(10)
        return answers[0], time.monotonic() - begun

    return ask_and_stop


def test_stop_ends_a_wait_after_a_failure(
    ending: Callable[[Retry, Script], tuple[Answer, float]],
) -> None:
    retry = retry_of(backoff_seconds=30.0)
    answer, seconds = ending(retry, Script([unavailable()]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert isinstance(answer.error, SourceDownError)
    assert len(answer.attempts) == 1


def test_stop_ends_a_wait_for_ones_turn(
    ending: Callable[[Retry, Script], tuple[Answer, float]],
) -> None:
    retry = retry_of(requests_per_minute=2)
    answer, seconds = ending(retry, Script([Told(doubts=("odd",))]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert len(answer.attempts) == 1


def test_stop_ends_a_wait_for_a_host_that_is_to_be_left_alone(
    ending: Callable[[Retry, Script], tuple[Answer, float]],
) -> None:
    retry = retry_of()
    answer, seconds = ending(retry, Script([unavailable(retry_after=5.0)]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert len(answer.attempts) == 1


def test_who_was_stopped_asks_nothing_more() -> None:
    retry = retry_of()
    assert not retry.throttle.has_given_up
    retry.throttle.stop()
    script = Script([Told()])
    answer = ask_until_confirmed(retry, WINDOW, script)
    assert script.asked == []
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert retry.throttle.has_given_up


def test_waiting_for_the_listing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return False

    monkeypatch.setattr("random.uniform", lambda low, high: 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Event)
        retry = retry_of(attempts=3, backoff_seconds=0.75)
    script = Script([unavailable("nobody")])
    ask_until_confirmed(retry, Window(None, WINDOW.first, WINDOW.first), script)
    ask_until_confirmed(retry, WINDOW, script)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["listing: nobody; asking again in 2 s"]  # 1.5; the first wait was 0.75


# --- without network

OFFLINE = SourceDownError("no such host", is_unreachable=True)


def test_a_host_that_was_never_reached_is_asked_a_few_times_and_then_nothing_else_is() -> None:
    attempts, retry = outcomes_of(OFFLINE, unreachable_attempts=2)
    assert attempts == [("unavailable", "no such host")] * 2
    assert retry.throttle.has_given_up
    told = "2 requests in a row failed, so no more were sent; the last: no such host"
    with pytest.raises(SourceDownError, match=told):
        retry.ask(lambda n, at: "good", [])


@pytest.mark.parametrize("before", [DOWN, WRONG, ODD])
def test_a_host_that_has_been_reached_is_given_every_attempt(before: SourceError) -> None:
    attempts, retry = outcomes_of(before, OFFLINE, unreachable_attempts=1)
    assert len(attempts) == FETCH.attempts
    assert not retry.throttle.has_given_up


def test_an_outage_after_an_answer_is_given_every_attempt() -> None:
    _, retry = outcomes_of("good", unreachable_attempts=1)
    attempts: list[Attempt] = []

    def once(n: int, at: datetime) -> str:
        raise OFFLINE

    with pytest.raises(SourceDownError):
        retry.ask(once, attempts)
    assert len(attempts) == FETCH.attempts


def test_a_network_that_comes_while_it_is_waited_for_is_used() -> None:
    attempts, retry = outcomes_of(OFFLINE, "good", unreachable_attempts=2)
    assert [outcome for outcome, _ in attempts] == ["unavailable", "accepted"]
    assert not retry.throttle.has_given_up


def test_more_attempts_than_all_are_none() -> None:
    attempts, _ = outcomes_of(OFFLINE, attempts=3, unreachable_attempts=9)
    assert len(attempts) == 3
