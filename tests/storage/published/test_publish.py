import json
import os
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from storage import Database, connect, load, query
from storage.engine.sql_files import statement
from storage.published import query as query_module
from tests.storage.published.answering import fetch
from tests.support.runs import make_run, store
from tests.support.tables import dump

ROOT = Path(__file__).parents[3]

PUBLISH = """
import os, signal, sys
from pathlib import Path
from storage import Database
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
with Database.open(Path(sys.argv[1])) as database:
    Path.replace = die
    database.publish(Path(sys.argv[2]))
"""


def test_the_copy_holds_all_that_the_database_holds(tmp_path: Path) -> None:
    copy = tmp_path / "new" / "folder's" / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run())
        fetch(database, make_run().source)
        database.publish(copy)
    assert dump(copy) == dump(tmp_path / "work.duckdb")
    assert sorted(entry.name for entry in copy.parent.iterdir()) == ["copy.duckdb", "matrices"]


@pytest.mark.parametrize(
    "name", ["it's.duckdb", 'a "quoted".duckdb', "with space; DROP.duckdb", "日本.duckdb"]
)
def test_any_name_of_a_database_and_its_copy_will_do(tmp_path: Path, name: str) -> None:
    with Database.open(tmp_path / name) as database:
        store(database, make_run())
        database.publish(tmp_path / "published" / name)
    assert query("FROM latest_runs", tmp_path / "published" / name).num_rows == 1


def test_publishing_again_replaces_the_copy(tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        for seed in (1, 2):
            run = make_run(seed=seed)
            store(database, run)
            database.publish(copy)
            loaded = load("crypto", None, copy)
            assert loaded.precision.equals(run.structure.precision)


def test_a_publisher_that_is_killed_leaves_the_previous_copy(tmp_path: Path) -> None:
    work, copy = tmp_path / "work.duckdb", tmp_path / "published" / "copy.duckdb"
    with Database.open(work) as database:
        store(database, make_run("first"))
        database.publish(copy)
        store(database, make_run("second"))
    killed = subprocess.run([sys.executable, "-c", PUBLISH, str(work), str(copy)], check=False)
    assert killed.returncode == -9
    assert len(list(copy.parent.glob(".copy.duckdb.*"))) == 1
    assert query("FROM runs", copy).num_rows == 1
    with Database.open(work) as database:
        database.publish(copy)
    assert sorted(entry.name for entry in copy.parent.iterdir()) == ["copy.duckdb", "matrices"]
    assert query("FROM runs", copy).num_rows == 2


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_failed_publication_leaves_the_previous_copy_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    copy = tmp_path / "published" / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run("first"))
        database.publish(copy)
        before = copy.read_bytes()
        store(database, make_run("second"))
        with monkeypatch.context() as broken:
            broken.setattr(step, _no_space)
            with pytest.raises(StorageError, match=r"the disk is full: [1-9][0-9]* MB needed"):
                database.publish(copy)
        assert copy.read_bytes() == before
        assert [entry.name for entry in copy.parent.iterdir() if entry.is_file()] == ["copy.duckdb"]
        database.publish(copy)
    assert query("FROM runs", copy).num_rows == 2


def _no_space(*_: object) -> None:
    raise OSError(28, os.strerror(28))


def test_a_place_that_is_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "copy.duckdb").mkdir()
    with (
        Database.open(tmp_path / "work.duckdb") as database,
        pytest.raises(StorageError, match=r"copy\.duckdb: not written: Is a directory"),
    ):
        database.publish(tmp_path / "copy.duckdb")


def test_a_log_beside_the_old_copy_is_not_taken_for_the_new_ones(tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run())
        database.publish(copy)
        (tmp_path / "copy.duckdb.wal").write_bytes(b"left by a client that could write")
        database.publish(copy)
    assert query("FROM runs", copy).num_rows == 1
    assert not (tmp_path / "copy.duckdb.wal").exists()


def test_other_files_beside_the_copy_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / ".copy.duckdb.4194305.writing").write_text("left by a killed publisher")
    with Database.open(tmp_path / "work.duckdb") as database:
        database.publish(folder / "copy.duckdb")
    assert sorted(entry.name for entry in folder.iterdir()) == ["copy.duckdb", "notes.txt"]


def test_the_copy_is_in_the_oldest_format(tmp_path: Path) -> None:
    with Database.open(tmp_path / "work.duckdb") as database:
        database.publish(tmp_path / "copy.duckdb")
    with duckdb.connect() as connection:
        connection.execute("ATTACH ? AS copy (READ_ONLY)", [str(tmp_path / "copy.duckdb")])
        tags = connection.execute(
            "SELECT tags FROM duckdb_databases() WHERE database_name = 'copy'"
        )
        (found,) = tags.fetchone() or ({},)
    assert found["storage_version"].startswith("v1.0.0")


def test_a_copy_that_is_replaced_while_it_is_opened_is_never_mixed_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, last = tmp_path / "published" / "copy.duckdb", tmp_path / "last" / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        for number, to in enumerate((copy, last)):
            store(database, make_run(as_of=date(2026, 1, 1 + number)))
            database.publish(to)
    half = tmp_path / "half.duckdb"
    half.write_bytes(last.read_bytes()[:20_000])
    following, n_attached = [half, last], 0

    def replaced(name: str) -> str:
        """Replace the copy just before DuckDB opens it, which does so twice."""
        nonlocal n_attached
        if name == "attach_published":
            n_attached += 1
            for path in following[:1]:
                following.remove(path)
                path.replace(copy)
        return statement(name)

    monkeypatch.setattr(query_module, "statement", replaced)
    with closing(connect(copy)) as connection:
        assert connection.execute("SELECT n_runs FROM publication").fetchall() == [(2,)]
    assert n_attached == 3  # half a copy, one that may be mixed with it, and one that rested


@pytest.mark.long
def test_readers_see_one_state_at_a_time_while_new_ones_are_published(tmp_path: Path) -> None:
    copy = tmp_path / "published" / "copy.duckdb"
    stop, opened = tmp_path / "stop", tmp_path / "opened"
    first = date(2026, 1, 1)
    command = [sys.executable, "-m", "tests.support.readers", str(copy), str(stop), str(opened)]
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run(as_of=first))
        database.publish(copy)
        readers = [
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
            )
            for _ in range(2)
        ]
        for reader in readers:
            assert reader.stderr is not None
            assert reader.stderr.readline() == "reading\n"
        with closing(connect(copy)) as held:
            for number in range(1, 20):
                database.save_run(make_run(as_of=first + timedelta(days=number)))
                database.publish(copy)
            assert held.execute("SELECT n_runs FROM publication").fetchall() == [(1,)]
        stop.touch()
    for reader in readers:
        seen = json.loads(reader.communicate(timeout=60)[0])
        assert seen["errors"] == []
        assert seen["torn"] == 0
        assert len(seen["opens"]) > 5
        assert seen["first"] == 1
