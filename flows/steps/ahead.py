"""What can be known before anything is begun: told at once, not when Prefect has been loaded."""

from collections.abc import Callable
from datetime import date

from flows.steps.context import MapContext, map_context
from flows.steps.days import days_between, days_to_rebuild
from flows.steps.lock import map_lock
from flows.steps.progress import warn
from marketmap.config import Config
from marketmap.errors import DataError
from marketmap.sources.base import is_remote

Look = Callable[[MapContext], object]


def look_ahead(config: Config, name: str, look: Look) -> None:
    """Pass, or raise what would stop the work on a map as soon as it has begun.

    Parameters
    ----------
    config : Config
    name : str
        The map's name.
    look : callable
        Looks at what the command was told, such as its days.

    Raises
    ------
    MapBusyError
        Another process makes the map.
    StorageError
        Nothing can be written in data_dir.
    ConfigError, DataError
        The map's source cannot be opened, or what ``look`` raises.
    """
    with map_lock(config, name):
        context = map_context(config, name)
        look(context)


def look_at_day(asked: date | None) -> Look:
    """Return a look at the day of one map: whether it is over, and whether a file can list it."""

    def look(context: MapContext) -> None:
        day, universe = context.day(asked), context.settings.universe
        if not is_remote(context.source):
            context.source.listing(day, universe.n_candidates, universe.rank_by)

    return look


def look_at_span(start: date | None, end: date | None, every: int = 1) -> Look:
    """Return a look at a range of days: whether it is over, and in order."""
    return lambda context: days_between(
        start or context.window(context.day(end, "--to"))[0], context.day(end, "--to"), every
    )


def look_at_stored_days(start: date | None, end: date | None) -> Look:
    """Return a look at a range of stored days: whether there are any."""
    return lambda context: days_to_rebuild(context, start, end)


def look_at_scheduled(config: Config) -> None:
    """Pass, or raise where a scheduled map can never be made; warn where a file may still come.

    Raises
    ------
    ConfigError
        A map's source needs what is not installed, or the environment is wrong.
    """
    for name in config.scheduled_maps:
        try:
            map_context(config, name)
        except DataError as error:
            warn(f"map {name}: {error}")
