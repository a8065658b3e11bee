"""Maps made anew from what is stored, after a change of settings; nothing is fetched."""

from datetime import date
from functools import partial
from pathlib import Path

from flows.backfill import make_days
from flows.recording import flow
from flows.steps.context import open_map
from flows.steps.days import BackfillResult, days_to_rebuild
from flows.steps.listing import nearest_listing
from flows.steps.progress import tell
from marketmap.printing import first_to_last, plural


@flow("rebuild", "{map_name}")
def rebuild(
    start: date | None = None,
    end: date | None = None,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> BackfillResult:
    """Refit every stored day of a map, or those of a range, under the settings of today."""
    with open_map(config_path, map_name) as context:
        days = days_to_rebuild(context, start, end)
        tell(f"map {context.name}, {plural(len(days), 'stored day')}, {first_to_last(days)}")
        return make_days(context, days, partial(nearest_listing, context), BackfillResult())
