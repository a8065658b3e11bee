"""Quarantine: what was not fit to be stored is listed, and can be let out."""

from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import DataError
from marketmap.sources.answers import Attempt
from storage import Database
from tests.storage.published.answering import NOON, answer, day, doubtful, later, prices, read_again
from tests.storage.tables.test_answers import S, naive, rows

COLUMNS = [
    *("source", "asset_id", "symbol", "date", "reason", "detail", "raw"),
    *("open", "high", "low", "close", "volume", "market_cap", "turnover"),
    *("first_seen", "last_seen", "is_open"),
]


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def test_a_quarantined_row_comes_back_as_it_came(database: Database) -> None:
    row = doubtful("1", 2, open=1.0, high=900.0, close=900.0, volume=float("inf"))
    database.store_answers(S, [answer("1", {0: 1.0}, quarantined=[row], labels=[("BTC", "B")])])
    found = database.quarantine(S)
    assert found.columns.tolist() == COLUMNS
    assert found.iloc[0].dropna().to_dict() == {
        "source": S,
        "asset_id": "1",
        "symbol": "BTC",
        "date": pd.Timestamp(day(2)),
        "reason": "spike",
        "detail": "close 900, 9 before and 9 after",
        "raw": '{"day": "2026-01-03"}',
        "open": 1.0,
        "high": 900.0,
        "close": 900.0,
        "volume": float("inf"),
        "first_seen": pd.Timestamp(naive(NOON)),
        "last_seen": pd.Timestamp(naive(NOON)),
        "is_open": True,
    }
    empty = database.quarantine("nobody")
    assert empty.dtypes.to_dict() == found.dtypes.to_dict()
    assert len(database.quarantine()) == 1


def test_a_row_that_is_seen_again_only_moves_when_it_was_seen_last(database: Database) -> None:
    for hours in (0, 24, 12):  # the last is read again out of the archive
        row = doubtful("1", 2, detail=f"at hour {hours}", close=900.0 + hours)
        database.store_answers(S, [answer("1", quarantined=[row], at=later(hours))])
    (found,) = database.quarantine(S).to_dict("records")
    assert (found["detail"], found["close"]) == ("at hour 0", 900.0)
    assert (found["first_seen"], found["last_seen"]) == (naive(NOON), naive(later(24)))


def test_a_row_was_seen_at_the_last_attempt(database: Database) -> None:
    outcomes = ((0, "unavailable"), (2, "accepted"))
    attempts = [Attempt(later(n), 1.0, outcome) for n, outcome in outcomes]
    told = answer("1", {0: 1.0}, quarantined=[doubtful("1", 2)], attempts=attempts)
    database.store_answers(S, [told])
    assert database.quarantine(S)["first_seen"].to_list() == [naive(later(2))]


def test_a_row_that_comes_twice_in_a_batch_is_one(database: Database) -> None:
    told = [
        answer("1", quarantined=[doubtful("1", 2, detail=str(n), open=value)], at=later(n))
        for n, value in ((1, 5.0), (0, None))
    ]
    database.store_answers(S, told)
    (found,) = database.quarantine(S).to_dict("records")
    assert found["detail"] == "0"
    assert pd.isna(found["open"])  # the first one's, and not what another one knew
    assert (found["first_seen"], found["last_seen"]) == (naive(NOON), naive(later(1)))


@pytest.mark.parametrize(
    "other",
    [
        doubtful("2", 2),
        doubtful("1", 3),
        doubtful("1", None),
        doubtful("1", 2, "wick"),
        doubtful("1", 2, raw="{}"),
        doubtful("", 2),
    ],
)
def test_rows_that_differ_in_what_they_are_known_by_are_two(
    database: Database, other: dict[str, object]
) -> None:
    for row in (doubtful("1", 2), other, doubtful("1", 2), other):
        database.store_answers(S, [answer("1", quarantined=[row])])
    assert len(database.quarantine(S, open_only=False)) == 2
    database.store_answers("other", [answer("1", quarantined=[doubtful("1", 2), other])])
    assert len(database.quarantine(open_only=False)) == 4


def test_a_row_is_open_until_its_day_has_a_price(database: Database) -> None:
    database.store_answers(S, [answer("1", quarantined=[doubtful("1", 2), doubtful("1", 4)])])
    database.store_answers("other", [answer("1", {2: 1.0})])
    database.store_answers(S, [answer("2", {2: 1.0}), answer("1", {3: 1.0}, days=(3, 3))])
    assert len(database.quarantine(S)) == 2
    database.store_answers(S, [answer("1", {2: 1.0}, days=(2, 2), at=later(24))])
    assert database.quarantine(S)["date"].dt.date.to_list() == [day(4)]
    every = database.quarantine(S, open_only=False)
    assert every["is_open"].to_list() == [False, True]


def test_a_whole_body_is_never_open(database: Database) -> None:
    body = doubtful("1", None, "not_the_answer")
    listing = doubtful("", None, "not_the_answer")
    database.store_answers(
        S, [answer("1", quarantined=[body]), answer(None, quarantined=[listing])]
    )
    assert database.quarantine(S).empty
    found = database.quarantine(S, open_only=False)
    assert found[["asset_id", "symbol", "is_open"]].to_numpy().tolist() == [
        ["", "", False],
        ["1", "1", False],
    ]
    assert found["date"].isna().all()
    assert rows(database, "SELECT asset_id FROM store.quarantine ORDER BY ALL") == [("1",), (None,)]


def test_a_symbol_is_the_newest_label(database: Database) -> None:
    told = [answer("1", quarantined=[doubtful("1", 2)], labels=[("OLD", "Old")])]
    told += [answer(None, at=later(1), labels=[("NEW", "New")])]
    database.store_answers(S, told)
    assert database.quarantine(S)["symbol"].to_list() == ["NEW"]
    database.store_answers("other", [answer("1", at=later(2), labels=[("ELSE", "Else")])])
    database.store_answers(S, [answer("1", at=later(2), labels=[("NEWER", "Newer")])])
    assert database.quarantine(S)["symbol"].to_list() == ["NEWER"]


def test_released_rows_become_prices(database: Database) -> None:
    suspect = [doubtful("1", n, "unconfirmed", open=8.0, close=90.0, volume=2.0) for n in (2, 4)]
    told = answer("1", {0: 9.0, 1: 9.0}, days=(0, 4), quarantined=suspect)
    database.store_answers(S, [told])
    kept = database.quarantine(S)
    assert database.release(S, kept[kept["date"] == pd.Timestamp(day(2))]) == 1
    assert database.quarantine(S)["date"].dt.date.to_list() == [day(4)]
    expected = [prices("1", {0: 9.0, 1: 9.0}), prices("1", {2: 90.0}, open=8.0, volume=2.0)]
    found = database.prices(S, ["1"], None, day(9))
    pd.testing.assert_frame_equal(found, pd.concat(expected, ignore_index=True))
    assert database.release(S, kept[:1]) == 0
    assert rows(database, "FROM store.revisions") == []


def test_a_released_day_is_not_asked_for_again(database: Database) -> None:
    told = answer("1", {0: 9.0}, days=(0, 3), quarantined=[doubtful("1", 3, close=90.0)])
    database.store_answers(S, [told])
    assert database.missing_ranges(S, ["1"], day(0), day(4)) == {"1": [(day(1), day(4))]}
    database.release(S, database.quarantine(S))
    assert database.missing_ranges(S, ["1"], day(0), day(4)) == {
        "1": [(day(1), day(2)), (day(4), day(4))]
    }


def test_a_release_that_replaces_a_price_is_a_revision(database: Database) -> None:
    told = answer("1", quarantined=[doubtful("1", 2, close=90.0)])
    database.store_answers(S, [told, answer("1", {2: 9.0})])
    database.release(S, database.quarantine(S, open_only=False))
    found = rows(database, "SELECT date, field, old_value, new_value, why FROM store.revisions")
    assert found == [(day(2), "close", 9.0, 90.0, "release")]


def test_a_row_without_a_day_or_a_close_cannot_be_released(database: Database) -> None:
    suspect = [doubtful("1", 2, "no_price"), doubtful("1", None, "not_the_answer", close=1.0)]
    database.store_answers(S, [answer("1", quarantined=[*suspect, doubtful("2", 2, close=1.0)])])
    kept = database.quarantine(S, open_only=False)
    for unfit in (kept[kept["close"].isna()], kept[kept["date"].isna()], kept):
        with pytest.raises(DataError, match=r"quarantine of coinmarketcap: asset '1' has a row"):
            database.release(S, unfit)
    assert database.prices(S, ["1", "2"], None, day(9)).empty


def test_two_opinions_on_a_day_cannot_both_be_released(database: Database) -> None:
    suspect = [doubtful("1", 2, "repeated", close=close, raw=str(close)) for close in (1.0, 2.0)]
    database.store_answers(S, [answer("1", quarantined=suspect)])
    with pytest.raises(DataError, match="asset '1' has more than one row on 2026-01-03"):
        database.release(S, database.quarantine(S))


def test_a_row_that_is_read_again_rightly_closes(database: Database) -> None:
    told = answer("1", {0: 1.0}, quarantined=[doubtful("1", 2, "unreadable")])
    database.store_answers(S, [told])
    mended = read_again(answer("1", {0: 1.0, 2: 1.0}), NOON)
    assert database.store_answers(S, [mended], "replay") == 1
    assert database.quarantine(S).empty
