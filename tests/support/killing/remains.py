"""What a kill has left, and what the next run makes of it."""

import shutil
import traceback
from contextlib import closing
from pathlib import Path

import duckdb

from flows.steps.report import changed_reports
from marketmap.config import Config, load_config
from storage import Manifest, connect
from tests.support.killing import desk
from tests.support.killing.looking import (
    HAS_RUNS,
    Tally,
    compare_rows,
    digest_of,
    half_runs,
    names_of,
    rows_of,
)
from tests.support.killing.reader import look, look_at_report
from tests.support.killing.scenes import Scene, place_in

Found = tuple[Tally, list[str]]
"""How often something was wrong, and what."""


def look_at_remains(scene: Scene, folder: Path) -> Found:
    """Look, as a reader would, at what a kill has left."""
    place, tally = place_in(scene, folder), Tally()
    try:
        _, of_runs = look(place, was_there=False)
        of_runs += _look_at_database(scene, folder)
    except Exception as error:  # whatever DuckDB says of half a file
        of_runs = [f"{type(error).__name__}: {error}"]
    of_report = look_at_report(place)
    tally.half_runs += bool(of_runs)
    tally.half_reports += bool(of_report)
    return tally, [f"after the kill: {line}" for line in [*of_runs, *of_report]]


def _look_at_database(scene: Scene, folder: Path) -> list[str]:
    """Look for half a run in the working database: another map could publish it.

    What is looked at is a copy, so that the next run finds the log that the killed one has left.
    """
    database, apart_from_it = load_config(folder / "config.yaml").database, folder / "copy"
    if not database.exists():
        return []
    apart_from_it.mkdir(exist_ok=True)
    for path in database.parent.glob(f"{database.name}*"):
        shutil.copy(path, apart_from_it)
    with closing(duckdb.connect(str(apart_from_it / database.name))) as connection:
        if not connection.execute(HAS_RUNS).fetchall():  # killed while it was made
            return []
        wrong, rows = half_runs(connection), rows_of(connection)
    found, before, after = (
        {table: rows[table] for table in rows if table.startswith("run") and rows[table]}
        for rows in (rows, scene.before.rows, scene.after.rows)
    )
    if found not in (before, after):
        wrong.append("the runs are neither those of before nor those of an uninterrupted run")
    return [f"working database: {line}" for line in wrong]


def run_again(scene: Scene, folder: Path) -> Found:
    """Run as if nothing had been, and compare with the run that nobody killed."""
    try:
        desk.make_map(folder)
    except Exception:
        return Tally(failed=1), [f"run again: {traceback.format_exc()}"]
    return compare(scene, folder)


def compare(scene: Scene, folder: Path) -> Found:
    """Compare all that lies in a folder with what comes of a run that nobody killed."""
    tally, said = Tally(), list[str]()
    config, place = load_config(folder / "config.yaml"), place_in(scene, folder)
    if digest_of(place.report) != scene.after.report:
        tally.half_reports += 1
        said.append("the report is not that of an uninterrupted run")
    for where, path in (("working database", config.database), ("copy", config.published)):
        with closing(connect(path)) as connection:
            more, lines = compare_rows(rows_of(connection), scene.after.rows, where)
        tally.add(more)
        said += lines
    lines = _beside_the_manifest(config)
    tally.other += len(lines)
    said += lines
    names = names_of(config)
    for name in sorted(names ^ scene.after.names):
        tally.leftovers += 1
        said.append(f"{'left over' if name in names else 'missing'}: {name}")
    return tally, said


def _beside_the_manifest(config: Config) -> list[str]:
    """Return what the manifest, which is written after what it tells of, does not tell as it is."""
    with closing(connect(config.database)) as connection:
        runs = dict(connection.execute("SELECT run_id, checksum FROM store.runs").fetchall())
    told = {run.run_id: run.checksum for run in Manifest(config.data_dir).runs().values()}
    wrong = [] if runs == told else [f"the manifest tells of the runs {told}, stored are {runs}"]
    return wrong + [
        f"the manifest tells of another {report.file}" for report in changed_reports(config, None)
    ]
