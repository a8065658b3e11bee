import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from marketmap.errors import StorageError
from storage import Database

HOLD = """
import sys, time, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    """Hold a database in another process."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.stdout.close()
    return holder


def test_a_second_process_is_told_who_holds_the_database(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    holder = hold(path, 60)
    try:
        start = time.monotonic()
        with pytest.raises(StorageError) as caught:
            Database.open(path, wait_seconds=0.3)
        assert 0.3 <= time.monotonic() - start < 5
    finally:
        holder.kill()
        holder.wait()
    assert f"held by process {holder.pid} (python" in str(caught.value)
    assert "after waiting 0.3 s" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_database_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    holder = hold(path, 0.5)
    with Database.open(path, wait_seconds=30):
        pass
    assert holder.wait() == 0


def test_the_database_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    holder = hold(path, 60)
    holder.kill()
    holder.wait()
    Database.open(path, wait_seconds=0).close()


def test_one_process_does_not_open_the_database_twice(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    relative = Path(os.path.relpath(path))
    with (
        Database.open(path),
        pytest.raises(StorageError, match="held by this very process"),
    ):
        Database.open(relative, wait_seconds=0)
    Database.open(path, wait_seconds=0).close()


def test_a_thread_waits_for_another_to_close_the_database(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    database = Database.open(path)
    closing = threading.Timer(0.2, database.close)
    closing.start()
    Database.open(path, wait_seconds=30).close()
    closing.join()


def test_a_file_that_is_no_database_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    path.write_text("date,close\n" * 5000)
    start = time.monotonic()
    with pytest.raises(StorageError, match=r"work\.duckdb.* not a valid DuckDB database"):
        Database.open(path)
    assert time.monotonic() - start < 5


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StorageError, match=r"work\.duckdb: (File exists|Not a directory)"):
        Database.open(tmp_path / "data" / "work.duckdb")
