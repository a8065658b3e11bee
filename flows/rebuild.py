"""Maps made anew from what is stored, after a change of settings; nothing is fetched."""

from datetime import date
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.daily import Listed, make_map
from flows.steps.answers import listing_key
from flows.steps.days import Filled, make_days
from flows.steps.lock import map_lock
from flows.steps.progress import tell
from marketmap.config import Config, load_config
from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.sources import open_source
from storage import Database, stored_days


@flow(name="rebuild", flow_run_name="{map_name}")
def rebuild(
    start: date | None = None,
    end: date | None = None,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> Filled:
    """Refit every stored day of a map, or those of a range, under the settings of today."""
    config = load_config(config_path)
    name = map_name or config.default_map
    settings = config.map_settings(name)
    with map_lock(config, name):
        source = open_source(settings.source, config.fetch, config.folder)
        days = days_to_rebuild(config, name, start, end)
        tell(f"map {name}, {len(days)} stored days from {days[0]} to {days[-1]}")

        key = listing_key(source, settings)

        def make(day: date) -> MapRun:
            return make_map(config, name, source, day, nearest_listing(config, key, day), ())

        return make_days(config, days, make, Filled())


def days_to_rebuild(config: Config, name: str, start: date | None, end: date | None) -> list[date]:
    """Return the stored days of a map within a range; a StorageError where there is none."""
    days = stored_days(config.published, name)
    chosen = [d for d in days if (start is None or d >= start) and (end is None or d <= end)]
    if not chosen:
        known = f"it has {len(days)}, {days[0]} to {days[-1]}" if days else "it has none yet"
        raise StorageError(f"{config.published}: no stored day of map {name} to rebuild; {known}")
    return chosen


@task(name="nearest listing", cache_policy=NO_CACHE)
def nearest_listing(config: Config, key: str, day: date) -> Listed:
    """Read a day's listing back, or the one nearest to it."""
    with Database.open(config.database) as database:
        stored = database.listing(key, day)
    if stored is None:
        raise StorageError(f"{config.database}: no listing of {key} is stored")
    listing, listed_on = stored
    return Listed(listing, survivors_only=listed_on > day)
