"""A full disk: what was there stays whole, the error says how much is needed."""

import re
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from marketmap.errors import StorageError
from marketmap.run import MapRun
from reports import write_report
from storage import Database, load_run, query, stored_runs, verify
from tests.support.runs import make_run, store

MEGABYTES = 48
PLENTY = 24_000_000
FIRST = date(2026, 1, 1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def run_of(number: int) -> MapRun:
    return make_run(as_of=FIRST + timedelta(days=number), seed=number, n_assets=60)


def fill(disk: Path, leave: int) -> Path:
    """Fill the disk but for so many bytes."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        except OSError:
            pass
    with filler.open("r+b") as file:
        file.truncate(max(0, filler.stat().st_size - leave))
    return filler


def work_on(path: Path, copy: Path, report: Path, reached: list[str]) -> str:
    """Do what a flow does, as far as there is room; tell what was said at the end."""
    try:
        with Database.open(path) as database:
            store(database, run_of(1))
            reached.append("stored")
            database.publish(copy)
            reached.append("published")
        write_report(load_run(None, None, copy), report)
        reached.append("drawn")
    except StorageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("leave", [0, 4_000, 60_000, 500_000, 3_000_000, 9_000_000, PLENTY])
def test_whatever_room_is_left_all_that_was_there_stays_whole(small_disk: Path, leave: int) -> None:
    path, copy = small_disk / "data" / "work.duckdb", small_disk / "data" / "published" / "c.duckdb"
    report = small_disk / "data" / "reports" / "r.html"
    with Database.open(path) as database:
        store(database, run_of(0))
        database.publish(copy)
    write_report(load_run(None, None, copy), report)
    before = {file: file.read_bytes() for file in (copy, report)}
    filler = fill(small_disk, leave)
    reached: list[str] = []
    said = work_on(path, copy, report, reached)
    if "drawn" not in reached:
        assert re.search(r"disk is full: [\d,]+ MB needed, [\d,]+ MB free at \S+; make room", said)
        assert "\n" not in said
    assert (leave == PLENTY) == ("drawn" in reached), reached
    if "published" not in reached:
        assert copy.read_bytes() == before[copy]
    if "drawn" not in reached:
        assert report.read_bytes() == before[report]
    assert list(verify(copy, every_run=True)) == []
    filler.unlink()
    with Database.open(path) as database:
        pass
    assert list(verify(path, every_run=True)) == []
    assert len(stored_runs(path)) in ((2,) if "stored" in reached else (1, 2))
    with Database.open(path) as database:
        store(database, run_of(1))
        database.publish(copy)
    write_report(load_run(None, None, copy), report)
    assert query("FROM runs", copy).num_rows == 2
    leftovers = [file for file in small_disk.rglob("*") if file.name.endswith(".writing")]
    assert leftovers == []
