"""Windows: how they are split into requests, and what one leaves of another."""

from datetime import date, timedelta

import hypothesis.strategies as st
from hypothesis import given

from marketmap.sources.answers import Window

FIRST = date(2024, 1, 1)


def window(first: int, last: int) -> Window:
    return Window("1", FIRST + timedelta(days=first), FIRST + timedelta(days=last))


def days_of(windows: list[Window]) -> list[date]:
    return [
        one.first + timedelta(days=n)
        for one in windows
        for n in range((one.last - one.first).days + 1)
    ]


def test_a_window_is_split_from_its_end() -> None:
    assert window(0, 9).split(4) == [window(6, 9), window(2, 5), window(0, 1)]
    assert window(0, 9).split(10) == [window(0, 9)]
    assert window(1, 0).split(4) == []


@given(st.integers(-5, 400), st.integers(1, 100))
def test_a_split_holds_each_day_once_and_no_part_is_too_long(last: int, n_days: int) -> None:
    parts = window(0, last).split(n_days)
    assert sorted(days_of(parts)) == [FIRST + timedelta(days=n) for n in range(last + 1)]
    assert all((part.last - part.first).days < n_days for part in parts)
    assert parts == sorted(parts, key=lambda part: part.last, reverse=True)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_what_one_window_leaves_of_another_are_its_other_days(
    first: int, last: int, other_first: int, other_last: int
) -> None:
    last, other_last = max(first, last), max(other_first, other_last)
    whole, other = window(first, last), window(other_first, other_last)
    expected = [day for day in days_of([whole]) if not other.holds(day)]
    assert days_of(whole.without(other)) == expected
