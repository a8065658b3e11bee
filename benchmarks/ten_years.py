"""Ten years of maps of 500 assets: what a day, a question and a publication take."""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from marketmap.frames import price_frame
from marketmap.graphs.partial_correlation import edge_graph
from marketmap.run import MapRun
from storage import Database, connect
from tests.support.runs import make_run

N_DAYS, N_ASSETS, N_EDGES = 3650, 500, 8000
FIRST = date(2016, 1, 1)
MAKE = Path(__file__).with_name("ten_years.sql")

QUESTIONS = {
    "an asset's clusters, ten years": """
        SELECT as_of, cluster FROM cluster_history WHERE map = 'crypto' AND asset_id = '7919'""",
    "the newest day's edges": "SELECT * FROM latest_edges",
    "a past day's edges": "SELECT * FROM edges WHERE map = 'crypto' AND as_of = '2020-01-31'",
    "an asset's edges, ten years": """
        SELECT as_of, asset_id_b, partial_correlation FROM edges
        WHERE map = 'crypto' AND asset_id_a = '7919'""",
}


def main() -> None:
    """Make the database, and print the figures."""
    print(f"{N_DAYS} days x {N_ASSETS} assets x {N_EDGES} edges, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        path, copy = Path(folder) / "marketmap.duckdb", Path(folder) / "published" / "m.duckdb"
        took = timed(lambda: make(path))
        print(f"made in {took:.0f} s: {path.stat().st_size / 1e6:.0f} MB")
        days(path)
        with Database.open(path) as database:
            times = [timed(lambda: database.publish(copy)) for _ in range(5)]
        print(f"publishing: {statistics.median(times):.2f} s ({times_told(times)})")
        plain = [timed(lambda: shutil.copyfile(path, Path(folder) / "plain")) for _ in range(3)]
        print(f"a plain copy of the file, not synced: {statistics.median(plain):.2f} s")
        size = copy.stat().st_size / 1e6
        print(f"the published copy: {size:.0f} MB, its matrices beside it")
        questions(copy)


def make(path: Path) -> None:
    """Make ten years of rows in one statement a year and table."""
    Database.open(path).close()
    with closing(duckdb.connect(str(path))) as connection:
        for first in range(0, N_DAYS, 365):
            known = {"first": first, "last": min(N_DAYS, first + 365)}
            for statement in MAKE.read_text().split(";\n"):
                if statement.strip():
                    connection.execute(statement, known)


def run_of(day: date, seed: int) -> MapRun:
    """Make a run of the benchmark's size: of its partial correlations, 8,000 are edges."""
    run = make_run(as_of=day, seed=seed, n_assets=N_ASSETS)
    partial = run.structure.partial_correlation
    sizes = np.sort(np.abs(partial.to_numpy()[np.triu_indices(N_ASSETS, 1)]))
    graph = edge_graph(partial, float(sizes[-N_EDGES - 1]))
    assert len(graph.edges) == N_EDGES
    return replace(run, structure=replace(run.structure, graphs={graph.name: graph}))


def days(path: Path) -> None:
    """Time a day's writes: prices and run, from opening to closing; new, and made again."""
    last = FIRST + timedelta(days=N_DAYS)
    runs = [run_of(last + timedelta(days=number), number) for number in range(5)]
    for what in ("a new day", "the same day again"):
        times = [timed(lambda run=run: store_day(path, run)) for run in runs]
        told = f"{statistics.median(times):.2f} s ({times_told(times)})"
        print(f"{what}, opened, upserted and closed: {told}")


def store_day(path: Path, run: MapRun) -> None:
    """Write a day: 500 assets' prices, and the run with its 8,000 edges."""
    rows = pd.DataFrame({"asset_id": run.structure.assets.index, "close": 1.0})
    prices = price_frame(rows.assign(date=pd.Timestamp(run.as_of)))
    with Database.open(path) as database:
        database.upsert_prices("coinmarketcap", prices)
        database.save_run(run)


def questions(copy: Path) -> None:
    """Time questions on an open connection, and with opening and closing it."""
    for what, sql in QUESTIONS.items():
        with closing(connect(copy)) as connection:
            n_rows = len(connection.execute(sql).fetchall())
            warm = [timed(lambda: connection.execute(sql).fetchall()) for _ in range(9)]  # noqa: B023
        cold = [timed(lambda: ask(copy, sql)) for _ in range(9)]  # noqa: B023
        median = [1e3 * statistics.median(times) for times in (warm, cold)]
        told = f"{median[0]:.0f} ms; with opening the copy {median[1]:.0f} ms"
        print(f"{what} ({n_rows:,} rows): {told}")


def ask(copy: Path, sql: str) -> None:
    """Open the copy, ask one question, and close it."""
    with closing(connect(copy)) as connection:
        connection.execute(sql).fetchall()


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def times_told(times: list[float]) -> str:
    """Tell several times."""
    return ", ".join(f"{seconds:.2f}" for seconds in times)


if __name__ == "__main__":
    sys.exit(main())
