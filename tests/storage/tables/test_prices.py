import itertools
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketmap.errors import DataError
from marketmap.frames import price_frame
from storage import Database
from storage.tables.coverage import covered_range, uncovered, union

DAY = date(2026, 1, 1)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def prices(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Prices from (asset, day number, close)."""
    frame = pd.DataFrame(rows, columns=["asset_id", "date", "close"])
    frame["date"] = [day(number) for number in frame["date"]]
    return price_frame(frame)


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def test_upsert_counts_what_was_inserted_or_changed(database: Database) -> None:
    assert database.upsert_prices("s", prices(("a", 0, 1.0), ("b", 0, 2.0))) == 2
    assert database.upsert_prices("s", prices(("a", 0, 1.0), ("b", 0, 2.0))) == 0
    assert database.upsert_prices("s", prices(("a", 0, 1.5), ("b", 0, 2.0), ("b", 1, 3.0))) == 2
    assert database.prices("s", ["a", "b"], None, day(9))["close"].to_list() == [1.5, 2.0, 3.0]


def test_prices_come_back_as_they_were_stored(database: Database) -> None:
    stored = price_frame(
        pd.DataFrame(
            {
                "date": [day(0), day(1)],
                "asset_id": ["it's", "日本"],
                "open": [np.nan, 0.1 + 0.2],
                "high": [1e300, 2.0],
                "low": [5e-324, np.nan],
                "close": [1 / 3, -1.0],
                "volume": [0.0, 7.0],
                "market_cap": [np.nan, 1e12],
            }
        )
    )
    database.upsert_prices("s", stored)
    pd.testing.assert_frame_equal(
        database.prices("s", ["it's", "日本"], None, day(9)), stored, check_exact=True
    )


def test_sources_are_kept_apart(database: Database) -> None:
    database.upsert_prices("one", prices(("a", 0, 1.0)))
    database.upsert_prices("two", prices(("a", 0, 2.0)))
    assert database.prices("one", ["a"], None, day(9))["close"].to_list() == [1.0]
    assert database.prices("none", ["a"], None, day(9)).empty


def test_prices_are_given_between_two_days_both_included(database: Database) -> None:
    database.upsert_prices("s", prices(*((asset, n, 1.0) for asset in "ab" for n in range(5))))
    found = database.prices("s", ["a"], day(1), day(3))
    assert found["asset_id"].unique().tolist() == ["a"]
    assert found["date"].dt.date.to_list() == [day(1), day(2), day(3)]
    assert len(database.prices("s", ["a"], None, day(3))) == 4
    assert database.prices("s", [], None, day(3)).empty


def test_two_rows_of_one_day_are_refused_and_nothing_is_stored(database: Database) -> None:
    with pytest.raises(DataError, match=r"asset 'b' has more than one row on 2026-01-02"):
        database.upsert_prices("s", prices(("a", 0, 1.0), ("b", 1, 1.0), ("b", 1, 2.0)))
    assert database.prices("s", ["a", "b"], None, day(9)).empty


def test_prices_and_what_was_asked_are_stored_together_or_not_at_all(database: Database) -> None:
    with pytest.raises(TypeError):
        database.upsert_prices("s", prices(("a", 0, 1.0)), {"a": (day(0), None)})  # type: ignore
    assert database.prices("s", ["a"], None, day(9)).empty


ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 6)),
    st.floats(0.1, 1e6),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module")
def shared_database(tmp_path_factory: pytest.TempPathFactory):
    with Database.open(tmp_path_factory.mktemp("shared") / "work.duckdb") as opened:
        yield opened


@settings(deadline=None, max_examples=40)
@given(rows=ROWS, data=st.data())
def test_any_order_and_batches_give_the_same_table(
    shared_database: Database, rows: dict[tuple[str, int], float], data: st.DataObject
) -> None:
    source = str(uuid4())
    expected = prices(*((*key, close) for key, close in rows.items()))
    order = data.draw(st.permutations(list(rows)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(order)))) | {0, len(order)})
    changed = 0
    for start, end in itertools.pairwise(cuts):
        batch = prices(*((*key, rows[key]) for key in order[start:end]))
        changed += shared_database.upsert_prices(source, batch)
        assert shared_database.upsert_prices(source, batch) == 0
    stored = shared_database.prices(source, "abc", None, day(9))
    pd.testing.assert_frame_equal(stored, expected)
    assert changed == len(rows)


def test_only_days_not_covered_are_missing(database: Database) -> None:
    everything = {"a": [(day(0), day(9))]}
    assert database.missing_ranges("s", ["a"], day(0), day(9)) == everything
    asked = {"a": (day(3), day(5))}
    database.upsert_prices("s", prices(*(("a", n, 1.0) for n in (3, 4, 5))), asked)
    assert database.missing_ranges("s", ["a", "b"], day(0), day(9)) == {
        "a": [(day(0), day(2)), (day(6), day(9))],
        "b": [(day(0), day(9))],
    }
    assert database.missing_ranges("s", ["a"], day(4), day(5)) == {}
    assert database.missing_ranges("other", ["a"], day(0), day(9)) == everything


def test_a_day_that_had_not_come_yet_is_asked_again(database: Database) -> None:
    database.upsert_prices("s", prices(("a", 0, 1.0), ("a", 1, 1.0)), {"a": (day(0), day(2))})
    assert database.missing_ranges("s", ["a"], day(0), day(2)) == {"a": [(day(2), day(2))]}
    database.upsert_prices("s", prices(), {"a": (day(2), day(2))})
    assert database.missing_ranges("s", ["a"], day(0), day(2)) == {"a": [(day(2), day(2))]}
    database.upsert_prices("s", prices(("a", 2, 1.0)), {"a": (day(2), day(2))})
    assert database.missing_ranges("s", ["a"], day(0), day(2)) == {}


def test_holes_and_the_time_before_a_listing_are_not_asked_for_again(database: Database) -> None:
    database.upsert_prices("s", prices(("a", 5, 1.0), ("a", 9, 1.0)), {"a": (day(0), day(9))})
    assert database.missing_ranges("s", ["a"], day(0), day(9)) == {}
    database.upsert_prices("s", prices(), {"a": (day(-99), day(-1))})
    assert database.missing_ranges("s", ["a"], day(-99), day(9)) == {}


def test_of_a_delisted_asset_only_the_last_days_are_asked_for_day_after_day(
    database: Database,
) -> None:
    database.upsert_prices("s", prices(("a", 0, 1.0)), {"a": (day(0), day(0))})
    asked = []
    for today in range(1, 60):
        missing = database.missing_ranges("s", ["a"], day(0), day(today))
        ((start, end),) = missing["a"]
        asked.append((end - start).days + 1)
        database.upsert_prices("s", prices(), {"a": (start, end)})
    assert max(asked) == 8


@pytest.mark.parametrize(
    ("last_stored", "covered"),
    [
        (None, (day(0), day(13))),
        (day(-3), (day(0), day(13))),
        (day(0), (day(0), day(0))),
        (day(12), (day(0), day(12))),
        (day(20), (day(0), day(20))),
        (day(44), (day(0), day(20))),
    ],
)
def test_covered_up_to_the_last_stored_day(
    last_stored: date | None, covered: tuple[date, date]
) -> None:
    assert covered_range((day(0), day(20)), last_stored) == covered


def test_a_short_range_without_prices_is_not_covered() -> None:
    assert covered_range((day(0), day(6)), None) is None


RANGES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 9)).map(lambda r: (day(r[0]), day(r[0] + r[1]))),
    max_size=6,
)


def days_of(ranges: list[tuple[date, date]]) -> set[date]:
    return {a + timedelta(days=n) for a, b in ranges for n in range((b - a).days + 1)}


@given(ranges=RANGES)
def test_a_union_holds_the_same_days_in_ranges_that_do_not_touch(
    ranges: list[tuple[date, date]],
) -> None:
    joined = union(ranges)
    assert days_of(joined) == days_of(ranges)
    for (_, before), (after, _) in itertools.pairwise(joined):
        assert after - before > timedelta(days=1)


@given(ranges=RANGES, start=st.integers(-5, 45), length=st.integers(0, 45))
def test_uncovered_days_are_those_in_no_range(
    ranges: list[tuple[date, date]], start: int, length: int
) -> None:
    wanted = [(day(start), day(start + length))]
    assert days_of(uncovered(ranges, *wanted[0])) == days_of(wanted) - days_of(ranges)


def test_what_a_whole_range_no_longer_holds_is_removed(database: Database) -> None:
    database.upsert_prices("s", prices(("a", 0, 1.0), ("a", 1, 9e9), ("a", 5, 1.0), ("b", 1, 2.0)))
    database.upsert_prices("t", prices(("a", 1, 7.0)))
    corrected = prices(("a", 0, 1.0), ("a", 2, 1.1))
    database.upsert_prices("s", corrected, whole=(["a"], (day(0), day(3))))
    left = database.prices("s", ["a", "b"], None, day(9))
    assert left["close"].to_list() == [1.0, 1.1, 1.0, 2.0]  # day 5 and asset b were not told of
    assert len(database.prices("t", ["a"], None, day(9))) == 1
