"""Many windows at once: each asked for once, again where it failed, handed over as they come."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import RankBy
from marketmap.sources import fetching
from marketmap.sources.answers import Answer, ArchivedAnswer, Attempt, Window
from marketmap.sources.fetching import ROUNDS, Progress, fetch

DAY = date(2024, 1, 1)
NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def window(asset_id: str, first: int, last: int) -> Window:
    return Window(asset_id, DAY + timedelta(days=first), DAY + timedelta(days=last))


def attempts(n: int) -> tuple[Attempt, ...]:
    return (Attempt(NOON, 0.1, "accepted"),) * n


def good(asked: Window, n_attempts: int = 1) -> Answer:
    days = pd.date_range(asked.first, asked.last)
    rows = pd.DataFrame({"date": days, "asset_id": asked.asset_id, "close": 1.0})
    return Answer(asked, attempts(n_attempts), rows=rows)


def bad(asked: Window, why: str = "sorry") -> Answer:
    return Answer(asked, attempts(2), error=SourceDownError(f"{asked}: {why}"))


class Fake:
    """A remote source that answers by a function, which is told how often it was asked before."""

    name = "fake"
    is_remote = True
    has_past_listings = False
    notes: tuple[str, ...] = ()

    def __init__(self, answering: Callable[[Window, int], Answer] = lambda w, _: good(w)) -> None:
        self._answering = answering
        self._lock = threading.Lock()
        self.asked: list[Window] = []
        self.has_given_up = False
        self.stopped = threading.Event()

    def stop(self) -> None:
        self.stopped.set()

    def ask_prices(self, window: Window) -> Answer:
        with self._lock:
            n_before = self.asked.count(window)
            self.asked.append(window)
        return self._answering(window, n_before)

    def last_day(self, now: datetime) -> date:
        raise NotImplementedError

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        raise NotImplementedError

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        raise NotImplementedError

    def windows(self, asset_id: str, start: date, end: date) -> list[Window]:
        raise NotImplementedError

    def ask_listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> Answer:
        raise NotImplementedError

    def read_again(self, archived: ArchivedAnswer, rank_by: RankBy = "auto") -> Answer:
        raise NotImplementedError


class Kept:
    """What was handed over, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[list[Answer]] = []
        self.threads: set[int] = set()

    def __call__(self, answers: Sequence[Answer]) -> None:
        self.batches.append(list(answers))
        self.threads.add(threading.get_ident())

    @property
    def answers(self) -> list[Answer]:
        return [answer for batch in self.batches for answer in batch]

    @property
    def windows(self) -> list[Window]:
        return [answer.window for answer in self.answers if answer.rows is not None]


WINDOWS = [window(asset, first, first + 9) for first in (0, 10, 20) for asset in ("1", "2", "3")]


# --- what is asked


@pytest.mark.parametrize("concurrency", [1, 4])
def test_each_window_is_asked_for_once_and_its_answer_handed_over_once(concurrency: int) -> None:
    source, kept = Fake(), Kept()
    assert fetch(source, WINDOWS, kept, concurrency=concurrency) == {}
    assert Counter(source.asked) == Counter(WINDOWS)
    assert Counter(kept.windows) == Counter(WINDOWS)
    assert kept.threads == {threading.get_ident()}


def test_a_window_that_is_named_twice_is_asked_for_once() -> None:
    source = Fake()
    fetch(source, [*WINDOWS, *WINDOWS], Kept())
    assert Counter(source.asked) == Counter(WINDOWS)


def test_the_newest_are_asked_for_first() -> None:
    source = Fake()
    fetch(source, WINDOWS, Kept(), concurrency=1)
    lasts = [asked.last for asked in source.asked]
    assert lasts == sorted(lasts, reverse=True)
    assert len(set(lasts)) == 3


def test_nothing_to_ask_for_is_nothing_asked() -> None:
    source, kept = Fake(), Kept()
    assert fetch(source, [], kept) == {}
    assert (source.asked, kept.batches) == ([], [])


def test_as_many_are_asked_for_at_once_as_was_said() -> None:
    together = threading.Barrier(4)

    def answering(asked: Window, _: int) -> Answer:
        together.wait(5)  # breaks unless four wait here at once
        return good(asked)

    windows = [window(str(n), 0, 9) for n in range(8)]
    assert fetch(Fake(answering), windows, Kept(), concurrency=4) == {}


def test_what_a_narrowed_answer_leaves_over_is_asked_for() -> None:
    def answering(asked: Window, _: int) -> Answer:
        first = max(asked.first, asked.last - timedelta(days=3))  # no more than four days
        return good(replace(asked, first=first))

    source, kept = Fake(answering), Kept()
    assert fetch(source, [window("1", 0, 9)], kept) == {}
    assert source.asked == [window("1", 0, 9), window("1", 0, 5), window("1", 0, 1)]
    assert kept.windows == [window("1", 6, 9), window("1", 2, 5), window("1", 0, 1)]
    days = pd.concat([answer.unwrap() for answer in kept.answers])["date"]
    assert sorted(days) == list(pd.date_range(DAY, periods=10))


# --- what fails


def test_an_asset_that_fails_is_asked_once_a_round_and_again_in_the_next() -> None:
    def answering(asked: Window, n_before: int) -> Answer:
        is_down = asked.asset_id == "2" and asked == WINDOWS[7] and n_before == 0
        return bad(asked) if is_down else good(asked)

    source, kept = Fake(answering), Kept()
    assert fetch(source, WINDOWS, kept, concurrency=1) == {}
    assert WINDOWS[7].asset_id == "2"
    others = [asked for asked in source.asked if asked.asset_id != "2"]
    assert len(others) == 6
    mine = [asked for asked in source.asked if asked.asset_id == "2"]
    assert mine == [WINDOWS[7], WINDOWS[7], WINDOWS[4], WINDOWS[1]]
    assert source.asked.index(WINDOWS[7], 3) >= 7  # after everything else
    skipped = [answer for answer in kept.answers if not answer.attempts]
    assert [answer.window for answer in skipped] == [WINDOWS[4], WINDOWS[1]]
    assert {str(answer.error) for answer in skipped} == {f"{WINDOWS[7]}: sorry"}


def test_what_is_dead_for_good_is_told_and_the_rest_comes() -> None:
    source = Fake(lambda asked, _: bad(asked) if asked.asset_id == "2" else good(asked))
    kept = Kept()
    failed = fetch(source, WINDOWS, kept, concurrency=1)
    assert list(failed) == ["2"]
    assert isinstance(failed["2"], SourceDownError)
    assert str(failed["2"]) == f"{WINDOWS[7]}: sorry"
    assert Counter(kept.windows) == Counter(one for one in WINDOWS if one.asset_id != "2")
    assert [one for one in source.asked if one.asset_id == "2"] == [WINDOWS[7]] * 2


def test_there_are_so_many_rounds_and_no_more() -> None:
    """Every window needs another round than the one before."""

    def answering(asked: Window, n_before: int) -> Answer:
        return good(asked) if n_before >= int(str(asked.asset_id)) else bad(asked)

    windows = [window(str(n), 0, 9) for n in range(7)]
    source = Fake(answering)
    failed = fetch(source, windows, Kept())
    assert sorted(failed) == [str(n) for n in range(ROUNDS, 7)]
    assert max(Counter(source.asked).values()) == ROUNDS


def test_a_round_that_helps_nothing_is_the_last() -> None:
    source = Fake(lambda asked, _: bad(asked))
    assert len(fetch(source, WINDOWS, Kept())) == 3
    assert max(Counter(source.asked).values()) == 1


def test_the_rest_of_a_narrowed_answer_that_fails_is_asked_for_again() -> None:
    rest = window("1", 0, 4)

    def answering(asked: Window, n_before: int) -> Answer:
        if asked == rest:
            return good(asked) if n_before else bad(asked)
        return good(replace(asked, first=DAY + timedelta(days=5)))

    source = Fake(answering)
    assert fetch(source, [window("1", 0, 9)], Kept()) == {}
    assert source.asked == [window("1", 0, 9), rest, rest]


def test_a_source_that_has_given_up_is_asked_in_no_other_round() -> None:
    def answering(asked: Window, _: int) -> Answer:
        source.has_given_up = True
        return bad(asked) if asked.asset_id == "2" else good(asked)

    source = Fake(answering)
    failed = fetch(source, WINDOWS, Kept(), concurrency=1)
    assert list(failed) == ["2"]
    assert max(Counter(source.asked).values()) == 1


# --- how it is handed over


def test_what_comes_is_handed_over_in_time_and_not_at_the_end_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "BATCH_SECONDS", 0.05)

    kept, early = Kept(), []

    def answering(asked: Window, _: int) -> Answer:
        time.sleep(0.03)
        if len(source.asked) == 7:  # a fifth of a second after the first was asked for
            deadline = time.monotonic() + 10
            while not kept.batches and time.monotonic() < deadline:
                time.sleep(0.01)
            early.append(len(kept.batches))
        return good(asked)

    source = Fake(answering)
    fetch(source, WINDOWS, kept, concurrency=1)
    assert early[0] >= 1
    assert len(kept.batches) > early[0]
    assert sum(map(len, kept.batches)) == 9


def test_what_comes_quickly_is_one_batch() -> None:
    kept = Kept()
    fetch(Fake(), WINDOWS, kept)
    assert len(kept.batches) == 1


def test_ctrl_c_hands_over_what_came_stops_the_source_and_goes_on() -> None:
    hanging, kept = threading.Event(), Kept()

    def answering(asked: Window, _: int) -> Answer:
        if len(source.asked) == 8:
            hanging.set()
            source.stopped.wait(10)
            return bad(asked, "asking was stopped")
        return good(asked)

    source = Fake(answering)

    def show(progress: Progress) -> None:
        if progress.n_answered >= 4:
            hanging.wait(10)
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fetch(source, WINDOWS, kept, show, concurrency=1)
    assert time.monotonic() - begun < 5
    assert source.stopped.is_set()
    assert len(kept.batches) == 1
    assert kept.windows[:7] == source.asked[:7]  # those that nobody had looked at yet as well
    assert len(source.asked) == 8


def test_an_exception_in_a_thread_surfaces_and_stops_the_source() -> None:
    def answering(asked: Window, _: int) -> Answer:
        if asked == WINDOWS[4]:
            raise ZeroDivisionError("a bug")
        return good(asked)

    source = Fake(answering)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        fetch(source, WINDOWS, Kept(), concurrency=1)
    assert source.stopped.is_set()


def test_an_exception_while_keeping_surfaces_and_stops_the_source() -> None:
    def keep(_: Sequence[Answer]) -> None:
        raise OSError("disk full")

    source = Fake()
    with pytest.raises(OSError, match="disk full"):
        fetch(source, WINDOWS, keep)
    assert source.stopped.is_set()


# --- how far it is


def test_progress_counts() -> None:
    def answering(asked: Window, n_before: int) -> Answer:
        if asked.asset_id == "2" and n_before == 0:
            return bad(asked)
        if asked == window("3", 20, 29) and n_before == 0:
            return good(window("3", 25, 29))
        return good(asked, n_attempts=3 if asked.asset_id == "1" else 1)

    told: list[Progress] = []
    fetch(Fake(answering), WINDOWS, Kept(), lambda now: told.append(replace(now)), concurrency=1)
    first, last = told[0], told[-1]
    assert (first.n_assets, first.n_windows, first.n_answered, first.n_requests) == (3, 9, 0, 0)
    assert last.n_windows == last.n_answered == 10
    assert last.n_rows == 90
    # Three windows of three requests, four of one, and three of one after two that failed.
    assert last.n_requests == 3 * 3 + 4 + 3 * (2 + 1)
    assert last.n_retries == 22 - 10
    assert (last.n_assets_done, last.n_assets) == (3, 3)
    assert all(0 <= one.n_answered <= one.n_windows for one in told)


def test_an_asset_is_done_once_all_of_it_is_answered() -> None:
    progress = Progress(n_assets=2)
    for one in (window("1", 0, 9), window("1", 10, 19), window("2", 0, 9)):
        progress.plan(one)
    assert progress.n_assets_done == 0
    progress.count(good(window("1", 0, 9)))
    progress.count(bad(window("1", 10, 19)))
    assert (progress.n_assets_done, progress.n_requests, progress.n_rows) == (0, 3, 10)
    progress.count(good(window("1", 10, 19)))
    assert progress.n_assets_done == 1
    progress.count(good(window("2", 0, 9)))
    assert (progress.n_assets_done, progress.n_answered, progress.n_retries) == (2, 3, 2)


def test_errors_are_the_sources_own() -> None:
    wrong = SourceError("not this one")
    source = Fake(lambda asked, _: Answer(asked, (), error=wrong))
    assert fetch(source, WINDOWS[:1], Kept()) == {"1": wrong}
