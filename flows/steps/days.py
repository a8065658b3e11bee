"""Many days in a row: which they are, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from flows.steps.context import MapContext
from flows.steps.listing import Listing, list_assets
from flows.steps.prices import bring_prices
from flows.steps.progress import tell, warn
from marketmap.errors import (
    ConfigError,
    DataError,
    FitError,
    NoSessionError,
    SourceDownError,
    SourceError,
    StorageError,
)
from marketmap.printing import first_to_last, plural
from storage import stored_days

SKIPPED = (DataError, FitError, SourceError)
"""What makes one day impossible and may well not concern the next."""


@dataclass
class BackfillResult:
    """What became of a range of days.

    Attributes
    ----------
    made : list of date
        The days that have a map now.
    skipped : dict of date to str
        Why others have none, though they should.
    no_sessions : dict of date to str
        The days on which the market was closed, with a sentence that says so: no failure.
    report : Path or None
        Of the last map that was made.
    """

    made: list[date] = field(default_factory=list)
    skipped: dict[date, str] = field(default_factory=dict)
    no_sessions: dict[date, str] = field(default_factory=dict)
    report: Path | None = None

    def skip(self, day: date, reason: Exception) -> None:
        """Note why a day has no map, and say it where it should have one."""
        if isinstance(reason, NoSessionError):
            self.no_sessions[day] = str(reason)
        else:
            self.skipped[day] = str(reason)
            warn(f"{day} skipped: {reason}")


def check_span(start: date, end: date) -> None:
    """Raise a ConfigError where a range has no day."""
    if start > end:
        raise ConfigError(f"--from {start}: comes after the last day, {end}")


def days_between(start: date, end: date, every: int) -> list[date]:
    """Return every ``every``-th day of a range, counted back from its end."""
    check_span(start, end)
    if every < 1:
        raise ConfigError(f"--every {every}: must be 1 or more days")
    back = range(0, (end - start).days + 1, every)
    return [end - timedelta(days=n) for n in reversed(back)]


def days_to_rebuild(context: MapContext, start: date | None, end: date | None) -> list[date]:
    """Return the stored days of a map within a range; a StorageError where there is none."""
    published, name = context.config.published, context.name
    days = stored_days(published, name)
    chosen = [d for d in days if (start is None or d >= start) and (end is None or d <= end)]
    if not chosen:
        known = f"it has {plural(len(days), 'stored day')}, {first_to_last(days)}"
        raise StorageError(f"{published}: no stored day of map {name} in that range; {known}")
    return chosen


def list_days(
    context: MapContext, days: Sequence[date], result: BackfillResult
) -> dict[date, Listing]:
    """List the assets of each day; a day that has none is skipped."""
    listings = {}
    for day in days:
        try:
            listings[day] = list_assets(context, day)
        except SourceDownError:
            raise
        except SKIPPED as error:
            result.skip(day, error)
    return listings


def fetch_once(context: MapContext, listings: dict[date, Listing]) -> tuple[str, ...]:
    """Store the prices that any of the days' windows need."""
    if not listings:
        return ()
    assets = pd.concat([listing.assets for listing in listings.values()])
    assets = assets.drop_duplicates("asset_id", keep="last")
    tell(f"listed {plural(len(assets), 'asset')}")
    days = (context.window(min(listings))[0], max(listings))
    return bring_prices(context, assets, days, wait=False)
