"""Whether what lies in a data folder is whole, and what is told apart from what it should be."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from marketmap.config import Config
from storage import connect, load, stored_days

LEDGER = "requests"
"""The one table that may differ: it tells every request, those of killed runs included."""

MADE_AT = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")

HAS_RUNS = "FROM duckdb_views() WHERE schema_name = 'main' AND view_name = 'runs'"
"""The views come last: before them a new database holds nothing."""

HALF_RUNS = """
    SELECT run_id, 'other numbers of assets, edges or positions than it says' AS what
    FROM runs AS run
    WHERE n_assets IS DISTINCT FROM (
            SELECT count(*) FROM store.run_assets WHERE run_id = run.run_id
        )
        OR n_assets <> (SELECT count(*) FROM store.run_clusters WHERE run_id = run.run_id)
        OR n_edges <> (SELECT count(*) FROM store.run_edges WHERE run_id = run.run_id)
        OR NOT EXISTS (FROM store.run_positions WHERE run_id = run.run_id)
        OR EXISTS (
            SELECT layout FROM store.run_positions WHERE run_id = run.run_id
            GROUP BY layout HAVING count(DISTINCT asset_id) <> run.n_assets
        )
    UNION ALL
    SELECT run_id, 'twice' FROM store.runs GROUP BY ALL HAVING count(*) > 1
    UNION ALL
    SELECT DISTINCT run_id, 'assets without a run'
    FROM store.run_assets ANTI JOIN store.runs USING (run_id)
"""

Print = tuple[tuple[str, int, int], ...]
"""Of each table its name, number of rows, and a sum over all of them."""
Rows = dict[str, Counter[str]]


@dataclass(frozen=True)
class State:
    """What a data folder holds.

    Attributes
    ----------
    published : tuple or None
        The published copy's print; None where nothing is published.
    maps : dict of date to str
        Each day's map in the published copy, loaded as people do, as a digest.
    report : str or None
        The newest day's report but for the time at which its map was made, as a digest.
    rows : dict of str to Counter
        The rows of the working database.
    names : frozenset of str
        All files; those of the archive count as one.
    """

    published: Print | None
    maps: dict[date, str]
    report: str | None
    rows: Rows
    names: frozenset[str]


def state_of(config: Config, report: Path) -> State:
    """Look at a data folder at which nobody works."""
    rows: Rows = {}
    if config.database.exists():
        with closing(duckdb.connect(str(config.database), read_only=True)) as connection:
            rows = rows_of(connection)
    published, maps = None, dict[date, str]()
    if config.published.exists():
        with closing(connect(config.published)) as connection:
            published = print_of(connection)
        maps = maps_of(config.published)
    return State(published, maps, digest_of(report), rows, names_of(config))


def maps_of(published: Path) -> dict[date, str]:
    """Load the map of every day, and tell it as a digest."""
    digests = {}
    for day in stored_days(published, "demo"):
        structure = load("demo", day, published)
        frames = (structure.precision, structure.correlation, structure.covariance)
        parts = [frame.to_numpy().tobytes() for frame in frames]
        parts += [structure.assets.to_csv().encode(), structure.edges.to_csv().encode()]
        parts += [frame.to_csv().encode() for frame in structure.positions.values()]
        digests[day] = hashlib.sha256(b"".join(parts)).hexdigest()
    return digests


def half_runs(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the runs that are not whole."""
    return [f"run {run}: {what}" for run, what in connection.execute(HALF_RUNS).fetchall()]


def print_of(connection: duckdb.DuckDBPyConnection) -> Print:
    """Return what a database holds, in a few numbers."""
    parts = [
        f"SELECT '{table}', count(*), coalesce(sum(hash({columns})), 0) FROM store.{table}"
        for table, columns in _columns(connection)
    ]
    return tuple(connection.execute(" UNION ALL ".join(parts) + " ORDER BY 1").fetchall())


def rows_of(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Return all rows."""
    return {
        table: Counter(
            map(repr, connection.execute(f"SELECT {columns} FROM store.{table}").fetchall())
        )
        for table, columns in _columns(connection)
    }


def _columns(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Return each table's columns but for times: those of two runs differ."""
    found = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE schema_name = 'store' AND data_type NOT LIKE 'TIMESTAMP%' AND table_name <> ? "
        "GROUP BY ALL ORDER BY ALL",
        [LEDGER],
    )
    for table, columns in found.fetchall():
        yield table, ", ".join(f'"{column}"' for column in columns)


def digest_of(report: Path) -> str | None:
    """Return a report but for the time at which its map was made; None where there is none."""
    try:
        page = report.read_bytes()
    except FileNotFoundError:
        return None
    if not page.rstrip().endswith(b"</html>"):
        return "half a report"
    return hashlib.sha256(MADE_AT.sub(b"", page)).hexdigest()


def names_of(config: Config) -> frozenset[str]:
    """Return a data folder's files; Prefect's are its own."""
    names = (path.relative_to(config.data_dir) for path in config.data_dir.rglob("*"))
    return frozenset(
        re.sub(r"[^/]*Z-\d+\.jsonl\.gz$", "*", str(name))
        for name in names
        if name.parts[0] != "prefect"
    )


@dataclass
class Tally:
    """How often something was not as it should be."""

    lost: int = 0
    doubled: int = 0
    other: int = 0
    half_runs: int = 0
    half_reports: int = 0
    leftovers: int = 0
    failed: int = 0

    def add(self, more: "Tally") -> None:
        """Count what another one counted."""
        for name, value in vars(more).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not any(vars(self).values())


def compare_rows(found: Rows, expected: Rows, where: str) -> tuple[Tally, list[str]]:
    """Count what is missing, what is there too often, and what should not be there."""
    tally, said = Tally(), []
    for table in sorted({*found, *expected}):
        here, there = found.get(table, Counter()), expected.get(table, Counter())
        lost, more = there - here, here - there
        doubled = sum(n for row, n in more.items() if row in there)
        counts = Tally(lost.total(), doubled, more.total() - doubled)
        tally.add(counts)
        if not counts.is_clean:
            example = next(iter([*more, *lost]))[:200]
            said.append(
                f"{where}, {table}: {counts.lost} rows lost, {counts.doubled} doubled, "
                f"{counts.other} strange, such as {example}"
            )
    return tally, said
