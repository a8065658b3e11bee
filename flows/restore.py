"""What was lost is brought back: from a copy, from archived answers, and by fitting again."""

from datetime import date
from pathlib import Path

from prefect import flow

from flows.backfill import fetch_once, list_days
from flows.daily import Listed, make_map
from flows.rebuild import nearest_listing
from flows.steps.answers import listing_key
from flows.steps.days import Filled, make_days
from flows.steps.lock import map_lock
from flows.steps.progress import tell
from marketmap.config import load_config
from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.sources import open_source
from marketmap.sources.base import is_remote


@flow(name="restore", flow_run_name="{map_name}")
def restore(map_name: str, days: list[date], config_path: Path = Path("config.yaml")) -> Filled:
    """Make the lost runs of a map again, from prices that are stored or lie in files."""
    config = load_config(config_path)
    settings = config.map_settings(map_name)
    filled, listings = Filled(), dict[date, Listed]()
    notes: tuple[str, ...] = ()
    with map_lock(config, map_name):
        source = open_source(settings.source, config.fetch, config.folder)
        tell(f"map {map_name}, {len(days)} lost runs from {days[0]} to {days[-1]}")
        if is_remote(source):
            key = listing_key(source, settings)
            for day in days:
                try:
                    listings[day] = nearest_listing(config, key, day)
                except StorageError as error:  # nothing was archived of it
                    filled.skip(day, error)
        else:
            listings = list_days(config, settings, source, days, filled)
            notes = fetch_once(config, settings, source, listings)

        def make(day: date) -> MapRun:
            return make_map(config, map_name, source, day, listings[day], notes)

        return make_days(config, listings, make, filled)
