"""A listing and its prices, fetched and stored for later; no map is made."""

from datetime import date
from pathlib import Path

from flows.daily import bring_prices, list_assets
from flows.recording import flow
from flows.steps.context import open_map
from flows.steps.days import check_span
from flows.steps.progress import tell
from marketmap.printing import first_to_last, plural


@flow("fetch", "{map_name}")
def fetch(
    start: date | None = None,
    end: date | None = None,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> tuple[str, ...]:
    """Fetch the prices of a range of days, of the assets that are listed on its last one."""
    with open_map(config_path, map_name) as context:
        day = context.day(end, "--to")
        first = start or context.window(day)[0]
        check_span(first, day)
        span = first_to_last((first, day))
        tell(f"map {context.name}, prices of {span}, from {context.source.name}")
        listed = list_assets(context, day)
        tell(f"listed {plural(len(listed.assets), 'asset')}")
        return bring_prices(context, listed.assets, (first, day), wait=False)
