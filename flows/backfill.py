"""Maps of past days: what is missing is fetched once, then each day is made in turn."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from flows.daily import draw, publish, store_map
from flows.recording import flow
from flows.steps.context import MapContext, open_map
from flows.steps.days import SKIPPED, BackfillResult, days_between, fetch_once, list_days
from flows.steps.listing import Listing
from flows.steps.progress import tell
from marketmap.errors import SourceDownError
from marketmap.printing import first_to_last, plural

PUBLISH_EVERY = 25
"""Maps after which people get to see what has been made so far."""


@flow("backfill", "{map_name} {start} to {end}")
def backfill(
    start: date,
    end: date | None = None,
    every: int = 1,
    map_name: str | None = None,
    config_path: Path = Path("config.yaml"),
) -> BackfillResult:
    """Make the map of every ``every``-th day of a range, both ends included."""
    with open_map(config_path, map_name) as context:
        days = days_between(start, context.day(end, "--to"), every)
        span = f"{plural(len(days), 'day')}, {first_to_last(days)}"
        tell(f"map {context.name}, {span}, from {context.source.name}")
        result = BackfillResult()
        listings = list_days(context, days, result)
        notes = fetch_once(context, listings)
        return make_days(context, listings, listings.__getitem__, result, notes)


def make_days(
    context: MapContext,
    days: Iterable[date],
    listing_of: Callable[[date], Listing],
    result: BackfillResult,
    notes: Sequence[str] = (),
) -> BackfillResult:
    """Make the maps of several days from prices that are stored; one that fails is skipped."""
    days = list(days)
    for number, day in enumerate(days, start=1):
        tell(f"[{number}/{len(days)}] {day}")
        try:
            store_map(context, day, listing_of(day), notes)
        except SourceDownError:
            raise
        except SKIPPED as error:
            result.skip(day, error)
            continue
        result.made.append(day)
        if len(result.made) % PUBLISH_EVERY == 0:
            publish(context.config)
    if result.made:
        publish(context.config)
        result.report = draw(context.config, context.name, result.made[-1]).report
    return result
