import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import StorageError
from marketmap.frames import price_frame
from storage import Database
from tests.support.runs import make_run, make_settings, store
from tests.support.tables import dump

RUN_TIME = ("runs.created_at", "ordered_runs.created_at")


def test_running_the_same_twice_changes_nothing_but_the_runs_time(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        store(database, make_run(), make_run("stocks", seed=1))
    first, first_time = dump(path, without=RUN_TIME), dump(path)["runs"]
    with Database.open(path) as database:
        store(database, make_run(), make_run("stocks", seed=1))
    assert dump(path, without=RUN_TIME) == first
    assert dump(path)["runs"] != first_time


def test_a_run_replaces_only_the_run_of_its_id(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    other = make_run(settings=make_settings(threshold=0.5))
    with Database.open(path) as database:
        store(database, make_run(seed=1, n_assets=9), other)
        store(database, make_run(seed=2, n_assets=5))
    content = dump(path)
    assert len(content["runs"]) == 2
    assert len(content["run_assets"]) == 5 + 8
    assert len(list((tmp_path / "matrices").iterdir())) == 2


def test_a_run_that_cannot_be_stored_leaves_the_earlier_one(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        store(database, make_run())
    before = dump(path)
    broken = make_run(seed=5)
    broken.universe.repairs.loc[0, "reason"] = None
    with Database.open(path) as database, pytest.raises(StorageError, match="reason"):
        database.save_run(broken)
    assert dump(path) == before


def test_a_structure_of_other_assets_than_the_universes_is_refused(tmp_path: Path) -> None:
    run = make_run()
    fewer = replace(run.universe, assets=run.universe.assets.drop(index="1000"))
    with (
        Database.open(tmp_path / "work.duckdb") as database,
        pytest.raises(StorageError, match="map crypto on 2026-01-31: not stored"),
    ):
        database.save_run(replace(run, universe=fewer))


def test_threads_take_turns(tmp_path: Path) -> None:
    days = pd.date_range("2026-01-01", periods=5)

    def fill(database: Database, asset_id: str) -> None:
        rows = pd.DataFrame({"date": days, "asset_id": asset_id, "close": 1.0})
        database.upsert_prices(
            "s", price_frame(rows), {asset_id: (date(2026, 1, 1), days[-1].date())}
        )

    ids = [str(number) for number in range(16)]
    with Database.open(tmp_path / "work.duckdb") as database:
        threads = [threading.Thread(target=fill, args=(database, asset_id)) for asset_id in ids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(database.prices("s", ids, None, days[-1].date())) == 16 * 5
        assert database.missing_ranges("s", ids, days[0].date(), days[-1].date()) == {}


def test_closing_writes_everything_into_the_file_itself(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        store(database, make_run())
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "manifest.jsonl",
        "matrices",
        "work.duckdb",
    ]
    database.close()


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "work.duckdb")
    database.close()
    with pytest.raises(StorageError, match=r"work\.duckdb: .*closed"):
        database.listing("s", date(2026, 1, 1))
