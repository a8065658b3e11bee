"""The views of what was asked and answered show each map what its sources did."""

from datetime import datetime
from pathlib import Path

import pytest

from storage import Database
from tests.storage.published.answering import (
    EXCHANGE,
    NOON,
    answer,
    day,
    doubtful,
    fetch,
    later,
    take_from_elsewhere,
)
from tests.storage.published.test_views import ask
from tests.support.runs import make_run, make_settings, store


def naive(hours: float) -> datetime:
    return later(hours).replace(tzinfo=None)


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A map of CoinMarketCap with an exchange as its second source, and one of another source."""
    path = tmp_path_factory.mktemp("fetched") / "work.duckdb"
    simulated = make_run("demo", settings=make_settings("simulated"))
    with Database.open(path) as database:
        run = take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
        store(database, simulated)
        fetch(database, run.source)
        second = answer("C3/USDT", {}, quarantined=[doubtful("C3/USDT", 0)])
        database.store_answers(EXCHANGE, [second, answer("C3/USDT", {-9: 1.0, -8: 2.0})])
        database.store_answers("ccxt:other", [answer(None)])
        database.store_answers("nobody", [answer("1", {0: 1.0}, quarantined=[doubtful("1", 1)])])
    return path


def test_a_map_shows_the_requests_to_all_its_sources(fetched: Path) -> None:
    columns = "asked_at, asset_id, symbol, outcome, detail, n_rows, n_quarantined"
    source = "SELECT DISTINCT map, source FROM requests ORDER BY ALL"
    assert ask(fetched, source) == [
        ("crypto", EXCHANGE),
        ("crypto", "ccxt:other"),
        ("crypto", "coinmarketcap"),
    ]
    found = ask(fetched, f"SELECT {columns} FROM requests WHERE source = 'coinmarketcap'")
    assert sorted(found) == [
        (naive(0), "9001", "NEW", "accepted", "", 3, 0),
        (naive(24), "9001", "NEW", "accepted", "", 3, 2),
        (naive(25), "9002", "9002", "unavailable", "status 503", None, 0),
    ]
    listing = "SELECT asset_id, symbol FROM requests WHERE source = 'ccxt:other'"
    assert ask(fetched, listing) == [(None, None)]


def test_a_map_shows_the_quarantine_of_its_sources(fetched: Path) -> None:
    columns = "map, asset_id, symbol, date, reason, is_open, close, first_seen, source"
    assert ask(fetched, f"SELECT {columns} FROM quarantine ORDER BY source, reason") == [
        ("crypto", "C3/USDT", "C3/USDT", day(0), "spike", False, None, naive(0), EXCHANGE),
        ("crypto", "9001", "NEW", None, "not_the_answer", False, None, naive(24), "coinmarketcap"),
        ("crypto", "9001", "NEW", day(2), "spike", True, 900.0, naive(24), "coinmarketcap"),
    ]


def test_a_map_shows_the_revisions_of_its_sources(fetched: Path) -> None:
    columns = "map, asset_id, symbol, date, field, old_value, new_value, seen_at, why, source"
    assert ask(fetched, f"SELECT {columns} FROM revisions WHERE source = 'coinmarketcap'") == [
        ("crypto", "9001", "NEW", day(1), "close", 9.5, 9.9, naive(24), "source", "coinmarketcap")
    ]


def test_a_map_shows_the_renames_of_its_sources(fetched: Path) -> None:
    columns = "map, asset_id, old_symbol, new_symbol, old_name, new_name, seen_at, told_by, source"
    renamed = ("crypto", "9001", "OLD", "NEW", "Old name", "New name")
    assert ask(fetched, f"SELECT {columns} FROM renames") == [
        (*renamed, naive(24), "history", "coinmarketcap")
    ]


def test_labels_that_differ_by_who_tells_them_or_are_told_anew_are_no_renames(
    tmp_path: Path,
) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        store(database, make_run())
        for hours in (9, 1):  # the second is read again out of the archive
            told = answer("1", at=later(hours), labels=[("POL", "Polygon")])
            database.store_answers("coinmarketcap", [told])
        listed = answer(None, at=NOON, labels=[("POL", "POL (ex-MATIC)")])
        database.store_answers("coinmarketcap", [listed])
    assert ask(path, "SELECT count(*) FROM store.labels") == [(3,)]
    assert ask(path, "FROM renames") == []
