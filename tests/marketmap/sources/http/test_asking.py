"""Asking until an answer can be trusted: what is accepted, when it ends, and what is kept of it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import Answer, Label, Window
from marketmap.sources.http.asking import Asker, Reading, Reply
from marketmap.sources.http.rate_limit import Pace

WINDOW = Window("7", date(2024, 1, 1), date(2024, 1, 9))
ROWS = pd.DataFrame({"close": [1.0]})
FETCH = FetchSettings(
    attempts=5, backoff_seconds=0, give_up_after=20, requests_per_minute=1_000_000
)
HOST = "asking.test"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


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

    def __call__(self, n: int, replies: list[Reply]) -> Reading:
        told = self.says[min(len(self.asked), len(self.says) - 1)]
        self.asked.append(n)
        self.moments.append(time.monotonic())
        if told.has_body:
            replies.append(Reply({"path": "x", "n": str(n)}, told.body, told.made_at))
        if told.error is not None:
            raise told.error
        labels = (Label("7", "SYM", "Name", "history"),)
        return Reading(WINDOW, ROWS, told.quarantined, told.doubts, labels)


def down(message: str = "nobody there", **how: Any) -> Told:
    return Told(error=SourceDownError(message, **how), has_body=False)


def ask(*says: Told, **fetch: Any) -> tuple[Answer, Script]:
    script = Script(says)
    return Asker(FETCH.model_copy(update=fetch), HOST).ask(WINDOW, script), script


def outcomes(answer: Answer) -> list[tuple[str, str]]:
    return [(attempt.outcome, attempt.detail) for attempt in answer.attempts]


# --- what is accepted


def test_a_clean_answer_is_accepted_at_once() -> None:
    before = datetime.now(UTC)
    answer, script = ask(Told("body"))
    assert script.asked == [0]
    assert answer.unwrap() is ROWS
    assert (answer.window, answer.error) == (WINDOW, None)
    assert outcomes(answer) == [("accepted", "")]
    (attempt,) = answer.attempts
    assert before <= attempt.at <= datetime.now(UTC)
    assert 0 <= attempt.seconds < 1
    assert answer.labels == (Label("7", "SYM", "Name", "history"),)
    (body,) = answer.bodies
    assert (body.window, body.at, body.request) == (WINDOW, attempt.at, {"path": "x", "n": "0"})
    assert (body.accepted, body.text) == (True, "body")
    assert answer.quarantined.empty


def test_a_doubt_is_believed_once_another_answer_has_it_as_well() -> None:
    odd = ("2024-01-02: spike",)
    answer, script = ask(Told(made_at="noon", doubts=odd), Told(made_at="later", doubts=odd))
    assert script.asked == [0, 1]
    assert outcomes(answer) == [("doubted", odd[0]), ("accepted", "")]
    assert [body.accepted for body in answer.bodies] == [False, True]
    assert list(answer.quarantined["raw"]) == [odd[0]]  # once, though it came twice
    assert answer.error is None


def test_the_same_body_again_confirms_nothing() -> None:
    odd = Told(made_at="noon", doubts=("odd",))
    answer, script = ask(odd, attempts=4)
    assert script.asked == [0, 1, 2, 3]
    assert outcomes(answer) == [("doubted", "odd")] * 4
    assert str(answer.error) == f"{WINDOW}: no two answers agree: odd"
    assert type(answer.error) is SourceError
    with pytest.raises(SourceError, match=r"no two answers agree: odd$"):
        answer.unwrap()


def test_answers_that_do_not_say_when_they_were_made_confirm_each_other() -> None:
    answer, script = ask(Told(made_at=None, doubts=("odd",)))
    assert script.asked == [0, 1]
    assert answer.rows is not None


@pytest.mark.parametrize("moments", [(None, "noon"), ("noon", None)])
def test_one_that_says_it_confirms_one_that_does_not(moments: tuple[str | None, ...]) -> None:
    answer, _ = ask(*(Told(made_at=moment, doubts=("odd",)) for moment in moments))
    assert len(answer.attempts) == 2
    assert answer.rows is not None


def test_other_doubts_confirm_nothing_but_an_earlier_answer_may() -> None:
    says = [
        Told(made_at="1", doubts=("a",)),
        Told(made_at="2", doubts=("a", "b")),
        Told(made_at="3", doubts=("b",)),
        Told(made_at="4", doubts=("a", "b")),
    ]
    answer, script = ask(*says)
    assert script.asked == [0, 1, 2, 3]
    assert [detail for _, detail in outcomes(answer)] == ["a", "a and 1 more", "b", ""]
    assert list(answer.quarantined["raw"]) == ["a", "b"]


def test_a_clean_answer_after_a_doubtful_one_is_accepted_and_the_odd_rows_are_kept() -> None:
    answer, _ = ask(Told(doubts=("odd",)), Told(made_at="later"))
    assert [outcome for outcome, _ in outcomes(answer)] == ["doubted", "accepted"]
    assert list(answer.quarantined["raw"]) == ["odd"]


def test_a_long_doubt_is_shortened() -> None:
    answer, _ = ask(Told(doubts=("x" * 500, "y", "z")), attempts=1)
    assert outcomes(answer) == [("doubted", "x" * 120 + " and 2 more")]


# --- what is refused, and what is down


def test_attempts_are_bounded_and_written_down() -> None:
    says = [down("a"), Told("b", error=SourceError("wrong")), Told(doubts=("odd",)), down("d")]
    answer, script = ask(*says, attempts=4)
    assert script.asked == [0, 1, 2, 3]
    assert outcomes(answer) == [
        ("down", "a"),
        ("refused", "wrong"),
        ("doubted", "odd"),
        ("down", "d"),
    ]
    moments = [attempt.at for attempt in answer.attempts]
    assert moments == sorted(moments)
    assert answer.rows is None
    assert answer.labels == ()


def test_refused_bodies_are_quarantined_and_kept() -> None:
    long = "[" + "1," * 300 + "1]"
    wrong = [Told(long, error=SourceError(f"wrong {n}")) for n in range(2)]
    answer, _ = ask(*wrong, Told("good"))
    assert answer.quarantined.to_dict("records") == [
        {
            "asset_id": "7",
            "date": pd.NaT,
            "reason": "not_the_answer",
            "detail": "wrong 0",
            "raw": long[:200],
            **dict.fromkeys(list(answer.quarantined)[5:], pytest.approx(float("nan"), nan_ok=True)),
        }
    ]  # the second is the same body, and is there once
    assert [(body.accepted, body.text) for body in answer.bodies] == [
        (False, long),
        (False, long),
        (True, "good"),
    ]
    assert answer.rows is not None


def test_a_refused_body_of_the_listing_has_no_asset() -> None:
    window = Window(None, WINDOW.first, WINDOW.first)
    answer = Asker(FETCH, HOST).ask(window, Script([Told(error=SourceError("wrong"))]))
    assert list(answer.quarantined["asset_id"]) == [""]
    assert str(answer.error) == "listing: wrong"


def test_a_body_that_says_down_is_kept_but_not_quarantined() -> None:
    answer, _ = ask(Told("busy", error=SourceDownError("busy")), Told("good"))
    assert [body.text for body in answer.bodies] == ["busy", "good"]
    assert answer.quarantined.empty
    assert outcomes(answer) == [("down", "busy"), ("accepted", "")]


def test_the_last_errors_class_is_kept_and_its_message_begins_with_the_window() -> None:
    answer, _ = ask(down("a"), Told(error=SourceError("wrong")), attempts=2)
    assert type(answer.error) is SourceError
    assert str(answer.error) == "coin 7, 2024-01-01 to 2024-01-09: wrong"
    answer, _ = ask(Told(error=SourceError("wrong")), down("b", retry_after=1.5), attempts=2)
    assert isinstance(answer.error, SourceDownError)
    assert (answer.error.retry_after, answer.error.is_busy) == (1.5, True)
    assert str(answer.error) == "coin 7, 2024-01-01 to 2024-01-09: b"
    answer, _ = ask(down("c", is_busy=True), attempts=1)
    assert isinstance(answer.error, SourceDownError)
    assert (answer.error.retry_after, answer.error.is_busy) == (None, True)


# --- how patiently


def waits_of(monkeypatch: pytest.MonkeyPatch, *says: Told, **fetch: Any) -> list[float]:
    """Return how long an asker waits between requests, without waiting."""
    waits: list[float] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is not None and timeout > 0.01:  # the pace's own are shorter
                waits.append(timeout)
            return False

    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Event)
        asker = Asker(FETCH.model_copy(update=fetch), HOST)
    asker.ask(WINDOW, Script(says))
    return waits


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_it_waits_longer_after_each_failure_up_to_a_bound_and_never_alike(
    monkeypatch: pytest.MonkeyPatch, chance: float
) -> None:
    monkeypatch.setattr("random.random", lambda: chance)
    monkeypatch.setattr("random.uniform", lambda low, high: low + (high - low) * chance)
    fetch = {"attempts": 7, "backoff_seconds": 2.0, "max_wait_seconds": 20.0}
    waits = waits_of(monkeypatch, down(), **fetch)
    factor = 0.5 + chance
    assert waits == [factor * wait for wait in (2.0, 4.0, 8.0, 16.0, 20.0, 20.0)]


def test_it_waits_before_asking_for_another_opinion_too(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = waits_of(monkeypatch, Told(doubts=("odd",)), attempts=2, backoff_seconds=2.0)
    assert len(waits) == 1
    assert 1.0 <= waits[0] <= 3.0


def held(monkeypatch: pytest.MonkeyPatch, *says: Told, **fetch: Any) -> list[float]:
    """Return for how long an asker lets nobody ask the host."""
    holds: list[float] = []
    monkeypatch.setattr(Pace, "hold", lambda self, seconds: holds.append(seconds))
    Asker(FETCH.model_copy(update=fetch), HOST).ask(WINDOW, Script(says))
    return holds


def test_retry_after_holds_the_pace_for_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    says = [down(retry_after=7.0), down(), Told()]
    assert held(monkeypatch, *says) == [7.0]
    assert held(monkeypatch, down(retry_after=0.0), Told()) == [0.0]


def test_a_host_that_is_busy_and_does_not_say_how_long_is_held_longer_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    holds = held(monkeypatch, down(is_busy=True), attempts=4, backoff_seconds=2.0)
    assert [0.5 * 2**n <= hold / 2 <= 1.5 * 2**n for n, hold in enumerate(holds)] == [True] * 4


def test_one_does_not_wait_twice_for_a_host_that_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "hold", lambda self, seconds: None)
    assert waits_of(monkeypatch, down(is_busy=True), Told(), backoff_seconds=2.0) == []


def test_another_asker_of_the_host_waits_as_well() -> None:
    Asker(FETCH.model_copy(update={"attempts": 1}), HOST).ask(
        WINDOW, Script([down(retry_after=0.3)])
    )
    begun = time.monotonic()
    script = Script([Told()])
    Asker(FETCH, HOST).ask(WINDOW, script)
    assert 0.2 < script.moments[0] - begun < 2


def test_a_host_that_wants_to_be_left_alone_for_too_long_is_not_asked() -> None:
    asker = Asker(FETCH.model_copy(update={"max_wait_seconds": 5.0}), HOST)
    script = Script([down(retry_after=60.0)])
    answer = asker.ask(WINDOW, script)
    assert script.asked == [0]
    assert isinstance(answer.error, SourceDownError)
    assert str(answer.error).startswith(f"{WINDOW}: {HOST} asked to be left alone until ")
    assert answer.error.retry_after is not None
    assert 55 < answer.error.retry_after <= 60
    assert asker.ask(WINDOW, script).attempts == ()


def test_the_pace_of_the_host_is_kept() -> None:
    script = Script([Told(doubts=("odd",))])
    Asker(FETCH.model_copy(update={"attempts": 3, "requests_per_minute": 600}), HOST).ask(
        WINDOW, script
    )
    assert script.moments[2] - script.moments[0] > 0.19


# --- when it ends


def test_the_breaker_ends_asking_for_all_windows() -> None:
    asker = Asker(FETCH.model_copy(update={"give_up_after": 3}), HOST)
    script = Script([down("a"), Told(error=SourceError("b")), down("c")])
    answer = asker.ask(WINDOW, script)
    assert script.asked == [0, 1, 2]
    why = "3 requests in a row failed, so no more were sent; the last: c"
    assert str(answer.error) == f"{WINDOW}: {why}"
    assert isinstance(answer.error, SourceDownError)
    assert asker.turns.has_given_up
    again = asker.ask(WINDOW, script)
    assert (again.attempts, str(again.error)) == ((), f"{WINDOW}: {why}")
    assert len(script.asked) == 3


def test_doubts_do_not_open_the_breaker_and_an_accepted_answer_closes_it() -> None:
    asker = Asker(FETCH.model_copy(update={"give_up_after": 2}), HOST)
    for _ in range(3):
        asker.ask(WINDOW, Script([Told(doubts=("odd",))]))
        asker.ask(WINDOW, Script([down(), Told()]))
        assert not asker.turns.has_given_up


@pytest.fixture
def ending() -> Callable[[Asker, Script], tuple[Answer, float]]:
    """Return a way to let an asker wait in a thread, stop it, and tell how soon that ended it."""

    def ask_and_stop(asker: Asker, script: Script) -> tuple[Answer, float]:
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(asker.ask(WINDOW, script)))
        thread.start()
        time.sleep(0.1)
        assert thread.is_alive()
        begun = time.monotonic()
        asker.turns.stop()
        thread.join(10)
        return answers[0], time.monotonic() - begun

    return ask_and_stop


def test_stop_ends_a_wait_after_a_failure(
    ending: Callable[[Asker, Script], tuple[Answer, float]],
) -> None:
    asker = Asker(FETCH.model_copy(update={"backoff_seconds": 30.0}), HOST)
    answer, seconds = ending(asker, Script([down()]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert isinstance(answer.error, SourceDownError)
    assert len(answer.attempts) == 1


def test_stop_ends_a_wait_for_ones_turn(
    ending: Callable[[Asker, Script], tuple[Answer, float]],
) -> None:
    asker = Asker(FETCH.model_copy(update={"requests_per_minute": 2}), HOST)
    answer, seconds = ending(asker, Script([Told(doubts=("odd",))]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert len(answer.attempts) == 1


def test_stop_ends_a_wait_for_a_host_that_is_to_be_left_alone(
    ending: Callable[[Asker, Script], tuple[Answer, float]],
) -> None:
    asker = Asker(FETCH, HOST)
    answer, seconds = ending(asker, Script([down(retry_after=5.0)]))
    assert seconds < 1
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert len(answer.attempts) == 1


def test_who_was_stopped_asks_nothing_more() -> None:
    asker = Asker(FETCH, HOST)
    assert not asker.turns.has_given_up
    asker.turns.stop()
    script = Script([Told()])
    answer = asker.ask(WINDOW, script)
    assert script.asked == []
    assert str(answer.error) == f"{WINDOW}: asking was stopped"
    assert asker.turns.has_given_up


def test_waiting_for_the_listing_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return False

    monkeypatch.setattr("random.uniform", lambda low, high: 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Event", Event)
        asker = Asker(FETCH.model_copy(update={"attempts": 3, "backoff_seconds": 0.75}), HOST)
    asker.ask(Window(None, WINDOW.first, WINDOW.first), Script([down("nobody")]))
    asker.ask(WINDOW, Script([down("nobody")]))
    said = [record.getMessage() for record in caplog.records]
    assert said == ["listing: nobody; asking again in 2 s"]  # 1.5; the first wait was 0.75
