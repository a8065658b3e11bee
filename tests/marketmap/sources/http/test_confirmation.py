"""Asking until an answer can be trusted: what is accepted, and what is kept of the rest."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.answers import Label, Window
from marketmap.sources.http.confirmation import ask_until_confirmed
from tests.marketmap.sources.http.scripts import (
    ROWS,
    WINDOW,
    Script,
    Told,
    ask,
    outcomes,
    retry_of,
    unavailable,
)

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
    (body,) = answer.archived
    assert (body.window, body.at, body.request) == (WINDOW, attempt.at, {"path": "x", "n": "0"})
    assert (body.accepted, body.text) == (True, "body")
    assert answer.quarantined.empty


def test_a_doubt_is_believed_once_another_answer_has_it_as_well() -> None:
    odd = ("2024-01-02: spike",)
    answer, script = ask(Told(made_at="noon", doubts=odd), Told(made_at="later", doubts=odd))
    assert script.asked == [0, 1]
    assert outcomes(answer) == [("suspect", odd[0]), ("accepted", "")]
    assert [body.accepted for body in answer.archived] == [False, True]
    assert list(answer.quarantined["raw"]) == [odd[0]]  # once, though it came twice
    assert answer.error is None


def test_the_same_body_again_confirms_nothing() -> None:
    odd = Told(made_at="noon", doubts=("odd",))
    answer, script = ask(odd, attempts=4)
    assert script.asked == [0, 1, 2, 3]
    assert outcomes(answer) == [("suspect", "odd")] * 4
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
    assert [outcome for outcome, _ in outcomes(answer)] == ["suspect", "accepted"]
    assert list(answer.quarantined["raw"]) == ["odd"]


def test_a_long_doubt_is_shortened() -> None:
    answer, _ = ask(Told(doubts=("x" * 500, "y", "z")), attempts=1)
    assert outcomes(answer) == [("suspect", "x" * 120 + " and 2 more")]


# --- what is rejected, and what is unavailable


def test_attempts_are_bounded_and_written_down() -> None:
    wrong, odd = Told("b", error=SourceError("wrong")), Told(doubts=("odd",))
    answer, script = ask(unavailable("a"), wrong, odd, unavailable("d"), attempts=4)
    assert script.asked == [0, 1, 2, 3]
    assert outcomes(answer) == [
        ("unavailable", "a"),
        ("rejected", "wrong"),
        ("suspect", "odd"),
        ("unavailable", "d"),
    ]
    moments = [attempt.at for attempt in answer.attempts]
    assert moments == sorted(moments)
    assert answer.rows is None
    assert answer.labels == ()


def test_rejected_bodies_are_quarantined_and_kept() -> None:
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
    assert [(body.accepted, body.text) for body in answer.archived] == [
        (False, long),
        (False, long),
        (True, "good"),
    ]
    assert answer.rows is not None


def test_a_rejected_body_of_the_listing_has_no_asset() -> None:
    window = Window(None, WINDOW.first, WINDOW.first)
    answer = ask_until_confirmed(retry_of(), window, Script([Told(error=SourceError("wrong"))]))
    assert list(answer.quarantined["asset_id"]) == [""]
    assert str(answer.error) == "listing: wrong"


def test_a_body_that_says_unavailable_is_kept_but_not_quarantined() -> None:
    answer, _ = ask(Told("busy", error=SourceDownError("busy")), Told("good"))
    assert [body.text for body in answer.archived] == ["busy", "good"]
    assert answer.quarantined.empty
    assert outcomes(answer) == [("unavailable", "busy"), ("accepted", "")]


def test_the_last_errors_class_is_kept_and_its_message_begins_with_the_window() -> None:
    answer, _ = ask(unavailable("a"), Told(error=SourceError("wrong")), attempts=2)
    assert type(answer.error) is SourceError
    assert str(answer.error) == "coin 7, 2024-01-01 to 2024-01-09: wrong"
    answer, _ = ask(Told(error=SourceError("wrong")), unavailable("b", retry_after=1.5), attempts=2)
    assert isinstance(answer.error, SourceDownError)
    assert (answer.error.retry_after, answer.error.is_busy) == (1.5, True)
    assert str(answer.error) == "coin 7, 2024-01-01 to 2024-01-09: b"
    answer, _ = ask(unavailable("c", is_busy=True), attempts=1)
    assert isinstance(answer.error, SourceDownError)
    assert (answer.error.retry_after, answer.error.is_busy) == (None, True)
