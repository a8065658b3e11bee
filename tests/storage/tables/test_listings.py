from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import DataError
from marketmap.frames import listing_frame
from storage import Database
from tests.support.runs import STRANGE_NAMES

MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)
JULY = date(2026, 7, 1)


def listing(*names: str) -> pd.DataFrame:
    tags = [["layer-1", "it's"] if i % 2 else [] for i in range(len(names))]
    ids = [str(100 - i) for i in range(len(names))]
    frame = pd.DataFrame({"asset_id": ids, "symbol": "ATOM", "name": names, "tags": tags})
    return listing_frame(frame.assign(market_cap=[0.0, *range(1, len(names))], turnover=0.1))


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def test_a_listing_comes_back_as_it_was_stored(database: Database) -> None:
    stored = listing(*STRANGE_NAMES)
    database.save_listing("s", JUNE, stored)
    found = database.listing("s", JUNE)
    assert found is not None
    pd.testing.assert_frame_equal(found[0], stored)
    assert found[1] == JUNE


def test_a_listing_replaces_that_day_of_that_source_only(database: Database) -> None:
    for source, day in (("s", MAY), ("s", JUNE), ("other", JUNE)):
        database.save_listing(source, day, listing("one", "two"))
    database.save_listing("s", JUNE, listing("three"))
    found = [database.listing(*key) for key in (("s", MAY), ("s", JUNE), ("other", JUNE))]
    assert [len(item[0]) for item in found if item] == [2, 1, 2]


def test_the_nearest_later_listing_stands_in_else_the_nearest_earlier(database: Database) -> None:
    assert database.listing("s", JUNE) is None
    database.save_listing("s", MAY, listing("may"))
    database.save_listing("s", JULY, listing("july"))
    days = [date(2026, 4, 1), MAY, date(2026, 5, 2), JUNE, JULY, date(2027, 1, 1)]
    found = [database.listing("s", day) for day in days]
    assert [item[1] for item in found if item] == [MAY, MAY, JULY, JULY, JULY, JULY]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (listing("one").iloc[:0], "listing of s on 2026-06-01: it is empty"),
        (pd.concat([listing("one")] * 2), "asset '100' has more than one row"),
    ],
)
def test_a_wrong_listing_leaves_the_stored_one(
    database: Database, wrong: pd.DataFrame, message: str
) -> None:
    database.save_listing("s", JUNE, listing("one", "two"))
    with pytest.raises(DataError, match=message):
        database.save_listing("s", JUNE, wrong)
    found = database.listing("s", JUNE)
    assert found is not None
    assert len(found[0]) == 2
