"""Readers that open the published copy as fast as they can, while new ones are published.

Each open has to see exactly one publication: the runs of its checksum, and of the newest run all
the rows of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from storage import Database, connect
from tests.support.runs import make_run, store

N_PUBLICATIONS = 50
N_OPENS = 10_000
N_READERS = 8
FIRST = date(2026, 1, 1)


def main() -> int:
    """Print the figures; 1 where an open failed or saw anything but one publication."""
    print(f"readers of the published copy, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        quiet = read(Path(folder) / "quiet", os.cpu_count() or 1, 1, 1500)
        told("one reader a core, nobody publishes", quiet)
        loud = read(Path(folder) / "loud", N_READERS, N_PUBLICATIONS, N_OPENS)
        told(f"{N_READERS} readers, {N_PUBLICATIONS} runs stored and published", loud)
        held, free = publications(Path(folder) / "held")
        print(f"publishing: {1e3 * free:.0f} ms; with 20 connections held: {1e3 * held:.0f} ms")
    return int(any(one["errors"] or one["torn"] for one in (*quiet, *loud)))


def read(folder: Path, n_readers: int, n_publications: int, n_opens: int) -> list[dict[str, Any]]:
    """Publish so many times, evenly over so many opens of the readers together."""
    copy, stop = folder / "published" / "marketmap.duckdb", folder / "stop"
    opened = folder / "opened"  # a byte for each
    with Database.open(folder / "work.duckdb") as database:
        store(database, make_run(as_of=FIRST, n_assets=60))
        database.publish(copy)
        readers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.readers", str(copy), str(stop), str(opened)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(n_readers)
        ]
        for reader in readers:
            reader.stderr.readline()
        for number in range(1, n_publications + 1):
            while opened.stat().st_size < n_opens * number / n_publications:
                assert all(reader.poll() is None for reader in readers)
                time.sleep(0.05)
            if n_publications > 1:
                database.save_run(make_run(as_of=FIRST + timedelta(days=number), n_assets=60))
                database.publish(copy)
    stop.touch()
    return [json.loads(reader.communicate()[0]) for reader in readers]


def told(what: str, readers: list[dict[str, Any]]) -> None:
    """Print what readers have seen."""
    opens = sorted(seconds for reader in readers for seconds in reader["opens"])
    errors = [error for reader in readers for error in reader["errors"]]
    p50, p99 = (1e3 * opens[int(share * (len(opens) - 1))] for share in (0.5, 0.99))
    print(
        f"{what}: {len(opens):,} opens, {len(errors)} errors, "
        f"{sum(reader['torn'] for reader in readers)} torn; an open takes {p50:.0f} ms (median), "
        f"{p99:.0f} ms (99 of 100); runs seen: {min(reader['first'] for reader in readers)} to "
        f"{max(reader['last'] for reader in readers)}"
    )
    for error in errors[:3]:
        print(f"  {error}")


def publications(folder: Path) -> tuple[float, float]:
    """Time publications while old copies are held open by readers, and while none is."""
    copy, medians = folder / "published" / "marketmap.duckdb", []
    with Database.open(folder / "work.duckdb") as database:
        store(database, make_run(as_of=FIRST, n_assets=60))
        database.publish(copy)
        held = [connect(copy) for _ in range(20)]
        for connections in (held, []):
            times = []
            for _ in range(15):
                started = time.perf_counter()
                database.publish(copy)
                times.append(time.perf_counter() - started)
            medians.append(statistics.median(times))
            for connection in connections:
                assert connection.execute("SELECT n_runs FROM publication").fetchall() == [(1,)]
                connection.close()
    return medians[0], medians[1]


if __name__ == "__main__":
    sys.exit(main())
