"""Maps of past days: what is missing is fetched once, then each day is made in turn."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from prefect import flow

from flows.daily import Listed, as_of_day, list_assets, make_map
from flows.steps.days import SKIPPED, Filled, days_between, make_days
from flows.steps.lock import map_lock
from flows.steps.prices import bring_prices, history_start
from flows.steps.progress import tell
from marketmap.config import Config, load_config
from marketmap.errors import SourceDownError
from marketmap.run import MapRun
from marketmap.settings import MapSettings
from marketmap.sources import open_source
from marketmap.sources.base import Source


@flow(name="backfill", flow_run_name="{map_name} {start} to {end}")
def backfill(
    start: date,
    end: date | None = None,
    every: int = 1,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> Filled:
    """Make the map of every ``every``-th day of a range, both ends included."""
    config = load_config(config_path)
    name = map_name or config.default_map
    settings = config.map_settings(name)
    with map_lock(config, name):
        source = open_source(settings.source, config.fetch, config.folder)
        last = source.last_day(datetime.now(UTC))
        days = days_between(start, as_of_day(end, last, source, "--to"), every)
        tell(f"map {name}, {len(days)} days from {days[0]} to {days[-1]}, from {source.name}")
        filled = Filled()
        listings = list_days(config, settings, source, days, filled)
        notes = fetch_once(config, settings, source, listings)

        def make(day: date) -> MapRun:
            return make_map(config, name, source, day, listings[day], notes)

        return make_days(config, listings, make, filled)


def list_days(
    config: Config, settings: MapSettings, source: Source, days: Sequence[date], filled: Filled
) -> dict[date, Listed]:
    """List the assets of each day; a day that has none is skipped."""
    last = source.last_day(datetime.now(UTC))
    listings = {}
    for day in days:
        try:
            listings[day] = list_assets(config, settings, source, day, last)
        except SourceDownError:
            raise
        except SKIPPED as error:
            filled.skip(day, error)
    return listings


def fetch_once(
    config: Config, settings: MapSettings, source: Source, listings: dict[date, Listed]
) -> tuple[str, ...]:
    """Store the prices that any of the days' windows need."""
    if not listings:
        return ()
    assets = pd.concat([listed.assets for listed in listings.values()])
    assets = assets.drop_duplicates("asset_id", keep="last")
    tell(f"listed {len(assets)} assets")
    days = (history_start(settings, min(listings)), max(listings))
    return bring_prices(config, settings, source, assets, days, wait=False)
