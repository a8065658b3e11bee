"""What a remote source answered is kept whole: prices, ledger, quarantine, labels, revisions."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES
from marketmap.sources.answers import Answer, Attempt
from storage import Database
from tests.storage.published.answering import (
    NOON,
    answer,
    day,
    doubtful,
    later,
    prices,
    read_again,
)
from tests.support.tables import dump

S = "coinmarketcap"


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def rows(database: Database, sql: str) -> list[tuple]:
    """Ask for what no method gives."""
    return database._connection.execute(sql).fetchall()


def naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def test_prices_are_merged_and_counted(database: Database) -> None:
    assert database.store_answers(S, [answer("1", {0: 1.0, 1: 2.0}), answer("2", {0: 5.0})]) == 3
    assert database.store_answers(S, [answer("1", {1: 2.5, 2: 3.0}, at=later(1))]) == 2
    found = database.prices(S, ["1"], None, day(9))
    pd.testing.assert_frame_equal(found, prices("1", {0: 1.0, 1: 2.5, 2: 3.0}))


def test_the_same_answers_again_write_nothing(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    suspect = [doubtful("1", 3), doubtful("1", None, "not_the_answer")]
    told = [
        answer("1", {0: 1.0, 1: 2.0}, labels=[("BTC", "Bitcoin")], quarantined=suspect),
        answer("1", {-1: 1.0}, days=(-9, -1), labels=[("BTC", "Bitcoin")]),
        answer("2"),
        answer(None, labels=[("BTC", "Bitcoin")]),
    ]
    with Database.open(path) as database:
        assert database.store_answers(S, told) == 3
    first = dump(path)
    assert {name: len(first[name]) for name in ("requests", "quarantine", "labels")} == {
        "requests": 4,
        "quarantine": 2,
        "labels": 2,
    }
    with Database.open(path) as database:
        assert database.store_answers(S, told) == 0
        assert database.store_answers(S, [*told[:1], *told[2:]]) == 0
    assert dump(path) == first


def test_every_attempt_is_in_the_ledger(database: Database) -> None:
    attempts = [
        Attempt(NOON, 0.5, "unavailable", "status 503"),
        Attempt(later(1), 1.5, "suspect", "1 row is far off"),
        Attempt(later(2), 2.5, "accepted"),
    ]
    told = answer("1", {0: 1.0, 1: 2.0}, (0, 5), quarantined=[doubtful("1", 2)], attempts=attempts)
    failed = answer(None, attempts=attempts[:1])
    database.store_answers(S, [told, failed])
    span = (S, "1", day(0), day(5))
    assert rows(database, "FROM store.requests ORDER BY asset_id, asked_at") == [
        (*span, naive(NOON), 0.5, "unavailable", "status 503", None, 0),
        (*span, naive(later(1)), 1.5, "suspect", "1 row is far off", None, 0),
        (*span, naive(later(2)), 2.5, "accepted", "", 2, 1),
        (S, None, day(0), day(9), naive(NOON), 0.5, "unavailable", "status 503", None, 0),
    ]


def test_times_are_kept_in_utc(database: Database) -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    database.store_answers(S, [answer("1", at=tokyo)])
    assert rows(database, "SELECT asked_at FROM store.requests") == [(naive(NOON),)]


def test_a_failed_answer_leaves_no_prices_and_nothing_covered(database: Database) -> None:
    failed = answer("1", quarantined=[doubtful("1", None, "not_the_answer")])
    assert database.store_answers(S, [failed]) == 0
    assert database.prices(S, ["1"], None, day(9)).empty
    assert database.missing_ranges(S, ["1"], day(0), day(9)) == {"1": [(day(0), day(9))]}
    assert len(database.quarantine(S, open_only=False)) == 1
    assert rows(database, "SELECT outcome FROM store.requests") == [("unavailable",)]


def test_a_listing_leaves_no_prices(database: Database) -> None:
    listed = Answer(answer(None).window, (Attempt(NOON, 1.0, "accepted"),), prices("1", {0: 1.0}))
    assert database.store_answers(S, [listed]) == 0
    assert rows(database, "FROM store.prices") == rows(database, "FROM store.coverage") == []
    assert rows(database, "SELECT asset_id, n_rows FROM store.requests") == [(None, 1)]


def test_several_windows_of_an_asset_are_covered_whatever_their_order(database: Database) -> None:
    """The old window is empty, so that only the new one tells that the asset lives."""
    database.store_answers(
        S, [answer("1", {}, days=(-20, -1)), answer("1", {3: 1.0, 8: 1.0}, days=(0, 9))]
    )
    assert database.missing_ranges(S, ["1"], day(-20), day(9)) == {"1": [(day(9), day(9))]}


def test_each_asset_of_a_call_is_covered_as_far_as_its_own_prices_go(database: Database) -> None:
    database.store_answers(S, [answer("1", {9: 1.0}), answer("2", {7: 1.0}), answer("3")])
    assert database.missing_ranges(S, ["1", "2", "3"], day(0), day(9)) == {
        "2": [(day(8), day(9))],
        "3": [(day(0), day(9))],
    }


def test_a_quarantined_day_is_covered_once_a_later_one_is_stored(database: Database) -> None:
    suspect = [doubtful("1", 2), doubtful("1", 5, "unconfirmed")]
    closes = {0: 1.0, 1: 1.0, 3: 1.0, 4: 1.0}
    database.store_answers(S, [answer("1", closes, days=(0, 5), quarantined=suspect)])
    assert database.missing_ranges(S, ["1"], day(0), day(5)) == {"1": [(day(5), day(5))]}
    database.store_answers(S, [answer("1", {6: 1.0}, days=(5, 6), at=later(24))])
    assert database.missing_ranges(S, ["1"], day(0), day(6)) == {}


def test_each_changed_value_is_a_revision(database: Database) -> None:
    database.store_answers(S, [answer("1", {0: 1.0, 1: 2.0}, high=3.0, volume=10.0)])
    assert rows(database, "FROM store.revisions") == []
    changed = answer("1", {0: 1.0, 1: 2.5, 2: 7.0}, at=later(24), high=3.0, market_cap=99.0)
    assert database.store_answers(S, [changed]) == 3
    when = naive(later(24))
    found = rows(database, "FROM store.revisions ORDER BY date, field")
    assert found == [
        (S, "1", day(0), "market_cap", None, 99.0, when, "source"),
        (S, "1", day(0), "turnover", 10.0, None, when, "source"),
        (S, "1", day(0), "volume", 10.0, None, when, "source"),
        (S, "1", day(1), "close", 2.0, 2.5, when, "source"),
        (S, "1", day(1), "market_cap", None, 99.0, when, "source"),
        (S, "1", day(1), "turnover", 20.0, None, when, "source"),
        (S, "1", day(1), "volume", 10.0, None, when, "source"),
    ]
    database.store_answers(S, [changed])
    assert rows(database, "FROM store.revisions ORDER BY date, field") == found


def test_every_value_of_a_price_can_be_revised(database: Database) -> None:
    database.store_answers(S, [answer("1", {0: 1.0}, **dict.fromkeys(PRICE_VALUES, 1.0))])
    database.store_answers(S, [answer("1", {0: 2.0}, **dict.fromkeys(PRICE_VALUES, 2.0))])
    found = rows(database, "SELECT field, old_value, new_value FROM store.revisions")
    assert sorted(found) == sorted((field, 1.0, 2.0) for field in PRICE_VALUES)


def test_revisions_are_of_the_source_that_was_asked(database: Database) -> None:
    database.store_answers("other", [answer("1", {0: 1.0})])
    database.store_answers(S, [answer("1", {0: 2.0})])
    assert rows(database, "FROM store.revisions") == []


def test_local_sources_record_no_revisions(database: Database) -> None:
    database.upsert_prices("files", prices("1", {0: 1.0}))
    assert database.upsert_prices("files", prices("1", {0: 2.0})) == 1
    assert rows(database, "FROM store.revisions") == []


def test_a_replay_says_so_and_is_dated_when_it_is_made(database: Database) -> None:
    database.store_answers(S, [answer("1", {0: 1.0})])
    before = naive(datetime.now(UTC))
    old = read_again(answer("1", {0: 1.5}), NOON)
    assert database.store_answers(S, [old], why="replay") == 1
    ((seen_at, why),) = rows(database, "SELECT seen_at, why FROM store.revisions")
    assert why == "replay"
    assert before <= seen_at <= naive(datetime.now(UTC))
    assert len(rows(database, "FROM store.requests")) == 1


def test_two_rows_of_one_day_are_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    Database.open(path).close()
    before = dump(path)
    told = [
        answer("1", {0: 1.0}, labels=[("A", "A")], quarantined=[doubtful("1", 2)]),
        answer("1", {0: 1.1}, days=(-1, 0)),
    ]
    with (
        Database.open(path) as database,
        pytest.raises(DataError, match=r"asset '1' has more than one row on 2026-01-01"),
    ):
        database.store_answers(S, told)
    assert dump(path) == before


def test_a_label_is_entered_when_it_differs_from_the_last(database: Database) -> None:
    names = ["MATIC", "MATIC", "POL", "POL", "MATIC"]
    for hours, name in enumerate(names):
        told = answer("1", {0: 1.0}, at=later(hours), labels=[(name, "Polygon")])
        database.store_answers(S, [told])
    found = rows(database, "SELECT symbol, first_seen FROM store.labels ORDER BY first_seen")
    assert found == [
        ("MATIC", naive(NOON)),
        ("POL", naive(later(2))),
        ("MATIC", naive(later(4))),
    ]
    database.store_answers(S, [answer("1", at=later(5), labels=[("MATIC", "Matic")])])
    assert len(rows(database, "FROM store.labels")) == 4


def test_labels_of_one_batch_are_put_in_order(database: Database) -> None:
    told = [answer("1", at=later(n), labels=[(name, "")]) for n, name in enumerate("AAB")]
    database.store_answers(S, told[::-1])
    found = rows(database, "SELECT symbol, first_seen FROM store.labels ORDER BY first_seen")
    assert found == [("A", naive(NOON)), ("B", naive(later(2)))]


def test_each_kind_of_answer_has_labels_of_its_own(database: Database) -> None:
    database.store_answers(S, [answer(None, labels=[("POL", "POL (ex-MATIC)")])])
    database.store_answers(S, [answer("1", at=later(1), labels=[("POL", "Polygon")])])
    database.store_answers(S, [answer(None, at=later(2), labels=[("POL", "POL (ex-MATIC)")])])
    assert len(rows(database, "FROM store.labels")) == 2


def test_a_replayed_label_is_entered_at_its_own_time(database: Database) -> None:
    database.store_answers(S, [answer("1", at=later(9), labels=[("POL", "Polygon")])])
    old = read_again(answer("1", {0: 1.0}, labels=[("MATIC", "Polygon")]), later(1))
    newer = read_again(answer("1", {0: 1.0}, labels=[("POL", "Polygon")]), later(10))
    database.store_answers(S, [old, answer("2")], why="replay")
    database.store_answers(S, [newer], why="replay")
    found = rows(database, "SELECT symbol, first_seen FROM store.labels ORDER BY first_seen")
    assert found == [("MATIC", naive(later(1))), ("POL", naive(later(9)))]
    known = read_again(answer("1", labels=[("MATIC", "Polygon")]), later(5))
    database.store_answers(S, [known], why="replay")
    assert len(rows(database, "FROM store.labels")) == 2


def test_texts_of_strangers_are_kept(database: Database) -> None:
    strange = [
        "日本円 🪙",
        "it's; DROP TABLE",
        "a\x00b",
        'back\\slash "quoted"',
        "half \ud83d pair",
    ]
    told = [answer(str(n), labels=[(text, text)]) for n, text in enumerate(strange)]
    failed = answer("9", attempts=[Attempt(NOON, 1.0, "rejected", "half \ud83d pair")])
    database.store_answers(S, [*told, failed])
    found = rows(database, "SELECT symbol, name FROM store.labels ORDER BY asset_id")
    expected = [*strange[:-1], "half ? pair"]
    assert found == [(text, text) for text in expected]
    assert rows(database, "SELECT detail FROM store.requests WHERE asset_id = '9'") == [
        ("half ? pair",)
    ]


def test_requests_are_counted_by_outcome(database: Database) -> None:
    told = [
        answer("1", attempts=[Attempt(later(n), 1.0, "unavailable", f"status 50{n}")])
        for n in range(3)
    ]
    refused = answer("1", attempts=[Attempt(later(1), 1.0, "rejected", "another coin")])
    database.store_answers(S, [*told, refused, answer("2", {0: 1.0}, at=later(9))])
    database.store_answers("other", [answer("1", at=later(9))])
    found = database.requests_since(S, later(1))
    assert found.to_numpy().tolist() == [
        ["unavailable", 2, pd.Timestamp(naive(later(2))), "status 502"],
        ["accepted", 1, pd.Timestamp(naive(later(9))), ""],
        ["rejected", 1, pd.Timestamp(naive(later(1))), "another coin"],
    ]
    assert found.columns.tolist() == ["outcome", "n_requests", "newest_at", "newest_detail"]
    assert database.requests_since(S, later(10)).empty
    assert database.requests_since("nobody", NOON).empty
