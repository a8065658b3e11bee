"""A listing and its prices, fetched and stored for later; no map is made."""

from datetime import UTC, date, datetime
from pathlib import Path

from prefect import flow

from flows.daily import as_of_day, list_assets
from flows.steps.lock import map_lock
from flows.steps.prices import bring_prices, history_start
from flows.steps.progress import tell
from marketmap.config import load_config
from marketmap.errors import ConfigError
from marketmap.sources import open_source


@flow(name="fetch", flow_run_name="{map_name}")
def fetch(
    start: date | None = None,
    end: date | None = None,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> tuple[str, ...]:
    """Fetch the prices of a range of days, of the assets that are listed on its last one."""
    config = load_config(config_path)
    name = map_name or config.default_map
    settings = config.map_settings(name)
    with map_lock(config, name):
        source = open_source(settings.source, config.fetch, config.folder)
        last = source.last_day(datetime.now(UTC))
        day = as_of_day(end, last, source, "--to")
        first = start or history_start(settings, day)
        if first > day:
            raise ConfigError(f"--from {first}: comes after the last day, {day}")
        tell(f"map {name}, {first} to {day}, from {source.name}")
        listed = list_assets(config, settings, source, day, last)
        tell(f"listed {len(listed.assets)} assets")
        return bring_prices(config, settings, source, listed.assets, (first, day), wait=False)
