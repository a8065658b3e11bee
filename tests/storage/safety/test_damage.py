"""A damaged database gives an error or the right answer, never a wrong one."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from storage import Database, connect, verify
from tests.storage.published.answering import fetch
from tests.support.damage import N_TIMES, damaged, put
from tests.support.runs import make_run, make_settings, store


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with Database.open(folder / "work.duckdb") as database:
        demo = make_run("demo", settings=make_settings("simulated"))
        store(database, make_run(n_assets=60), demo)
        fetch(database, "coinmarketcap")
        database.publish(folder / "copy.duckdb")
    return folder


def answer(path: Path) -> list[list[tuple]]:
    """Read every row of every table and view, as readers do."""
    with closing(connect(path)) as connection:
        names = connection.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() UNION ALL SELECT "
            "schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
        ).fetchall()
        return [
            sorted(connection.execute(f"FROM {name}").fetchall(), key=repr) for (name,) in names
        ]


def test_a_damaged_copy_gives_an_error_or_the_right_answer(whole: Path, tmp_path: Path) -> None:
    right, copy, outcomes = answer(whole / "copy.duckdb"), tmp_path / "copy.duckdb", Counter[str]()
    for what, content in damaged((whole / "copy.duckdb").read_bytes()):
        put(copy, content)
        try:
            found = answer(copy)
        except (StorageError, duckdb.Error):
            outcomes["error"] += 1
        else:
            assert found == right, what
            outcomes["right"] += 1
    print(f"\ncopy: {dict(outcomes)} of {2 * N_TIMES}")
    assert outcomes["error"] > N_TIMES


def test_a_damaged_database_gives_an_error_or_the_right_answer(whole: Path, tmp_path: Path) -> None:
    right, path, outcomes = answer(whole / "work.duckdb"), tmp_path / "work.duckdb", Counter[str]()
    for what, content in damaged((whole / "work.duckdb").read_bytes(), seed=1):
        put(path, content)
        try:
            Database.open(path).close()
            found = answer(path)
        except (StorageError, duckdb.Error):
            outcomes["error"] += 1
        else:
            assert found == right, what
            outcomes["right"] += 1
    print(f"\ndatabase: {dict(outcomes)} of {2 * N_TIMES}")
    assert outcomes["error"] > N_TIMES


def test_damage_that_changes_an_answer_is_found(whole: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    assert list(verify(whole / "copy.duckdb", every_run=True)) == []
    for what, content in damaged((whole / "copy.duckdb").read_bytes(), seed=2, times=12):
        put(copy, content)
        try:
            answer(copy)
        except (StorageError, duckdb.Error):
            with pytest.raises((StorageError, AssertionError)):
                assert list(verify(copy)) == [], what


def test_a_row_that_was_changed_behind_our_back_is_found(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    put(path, (whole / "work.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE store.run_edges SET partial_correlation = 0.5")
    problems = list(verify(path))
    assert len(problems) == 2
    name = "edges:partial_correlation"
    assert all(problem.endswith(f"is not as it was stored ({name})") for problem in problems)
