"""The database made whole again, and the runs that are missing in it; without Prefect."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from flows.steps.context import MapContext, map_context
from flows.steps.days import BackfillResult, fetch_once, list_days
from flows.steps.each_map import EachMap
from flows.steps.listing import Listing, nearest_listing
from flows.steps.lock import map_lock
from flows.steps.replay import replay
from marketmap.config import Config
from marketmap.errors import MarketmapError, StorageError
from marketmap.run import run_id
from marketmap.settings import REMOTE_KINDS
from marketmap.sources.base import is_remote
from storage import Database, MadeRun, Manifest, find_problem, put_aside, put_back, stored_runs
from storage.engine.errors import ADVICE


def make_whole(config: Config, backup: Path | None, each: EachMap) -> Iterator[str]:
    """Put a good copy in the place of a damaged database, and read archived answers again.

    Parameters
    ----------
    config : Config
    backup : Path, optional
        What ``marketmap backup`` made, taken whatever the database is like. Without it a database
        that is whole stays; else the published copy or the newest backup that is whole is taken.
    each : EachMap
        Is told of the maps whose answers cannot be read again.

    Yields
    ------
    str
        What was done, a line each.

    Raises
    ------
    StorageError
        The backup is damaged, or a map is being made right now; nothing has been changed.
    """
    with ExitStack() as held:
        for name in config.maps:
            held.enter_context(map_lock(config, name))
        yield _put_in_place(config, backup)
        with Database.open(config.database, anew=True):
            pass  # brings its schema up to date
        for name, settings in config.maps.items():
            if settings.source.kind not in REMOTE_KINDS:
                continue  # nothing is archived, and a file may be gone
            with each.alone(name):
                yield f"map {name}: {replay(map_context(config, name))}"


def publish_again(config: Config) -> None:
    """Replace the published copy by what the database holds now."""
    with Database.open(config.database) as database:
        database.publish(config.published)


def bring_back(
    context: MapContext, days: Sequence[date], result: BackfillResult
) -> tuple[dict[date, Listing], tuple[str, ...]]:
    """Return the listings of lost runs' days, and notes, once their prices are stored.

    Of a remote source both are those that archived answers gave; nobody is asked.
    """
    if not is_remote(context.source):
        listings = list_days(context, days, result)
        return listings, fetch_once(context, listings)
    listings = {}
    for day in days:
        try:
            listings[day] = nearest_listing(context, day)
        except StorageError as error:  # nothing was archived of it
            result.skip(day, error)
    return listings, ()


def missing_runs(config: Config) -> list[MadeRun]:
    """Return the runs of the manifest that the database lacks, or holds as they were before."""
    stored = stored_runs(config.database) if config.database.exists() else {}
    made = Manifest(config.database.parent).runs()
    missing = [
        run
        for run in made.values()
        if run.run_id not in stored or stored[run.run_id].made_at < run.made_at
    ]
    return sorted(missing, key=lambda run: (run.map, run.as_of))


def unlisted_runs(config: Config) -> list[MadeRun]:
    """Return the runs of the database that the manifest lacks, as after it was cut short."""
    stored = stored_runs(config.database) if config.database.exists() else {}
    made = Manifest(config.database.parent).runs()
    return [run for run_id, run in stored.items() if run_id not in made]


def restorable(config: Config, runs: list[MadeRun]) -> dict[str, list[date]]:
    """Return the days of the runs that can be made again, by map: those under settings of today."""
    days: dict[str, list[date]] = {}
    for run in runs:
        settings = config.maps.get(run.map)
        if settings is not None and run_id(run.map, run.as_of, settings) == run.run_id:
            days.setdefault(run.map, []).append(run.as_of)
    return days


def _put_in_place(config: Config, backup: Path | None) -> str:
    database = config.database
    if backup is not None:
        copy = backup / database.name if backup.is_dir() else backup
        if not copy.exists():
            what = f"holds no {database.name}" if backup.is_dir() else "no such folder"
            raise StorageError(f"{backup}: {what}; expected what marketmap backup made")
        if copy.resolve() == database.resolve():
            raise StorageError(f"{backup}: is the database itself; expected a backup of it")
        problem = find_problem(copy)
        if problem:
            raise StorageError(f"{copy}: cannot be restored from: {problem}")
        return _told(copy, put_back(copy, database))
    problem = _problem_of_working(database)
    if problem is None:
        return f"{database}: is not damaged; left as it is"
    backups = sorted((config.data_dir / "backups").glob(f"*/{database.name}"), reverse=True)
    for copy in (config.published, *backups):
        if copy.exists() and find_problem(copy) is None:
            return f"{database}: {problem}; " + _told(copy, put_back(copy, database))
    if not database.exists():
        return f"{database}: is not there, and neither is a whole copy; it is made anew"
    return f"{database}: {problem}; no whole copy; made anew, the old one is {put_aside(database)}"


def _problem_of_working(database: Path) -> str | None:
    """Return what is wrong with the working database, after a log that cannot be read is aside."""
    if not database.exists():
        return "is not there"
    try:
        Database.open(database).close()
    except MarketmapError as error:
        return str(error).removeprefix(f"{database}: ").removesuffix(ADVICE)
    return find_problem(database)


def _told(copy: Path, aside: Path | None) -> str:
    return f"restored from {copy}" + (f"; what was there is {aside}" if aside else "")
