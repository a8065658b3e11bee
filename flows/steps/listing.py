"""The assets of a day: asked for, kept, and read back."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from flows.steps.answers import store_answers
from flows.steps.context import MapContext
from flows.steps.progress import warn
from marketmap.errors import SourceDownError, StorageError
from marketmap.sources.base import is_remote


@dataclass(frozen=True)
class Listing:
    """A listing, and whether it is of a later day than the map's."""

    assets: pd.DataFrame
    survivors_only: bool = False


def list_assets(context: MapContext, day: date) -> Listing:
    """Return the assets of a day.

    A remote source is not asked where a listing of that very day is stored. If it knows no past
    listings either, it is today's, in which what vanished since is missing.
    """
    source, last = context.source, context.last_day
    survivors_only = day < last and not source.has_past_listings
    stored: pd.DataFrame | None = None
    if is_remote(source):
        wanted = context.settings.universe.n_candidates
        stored = stored_listing(context, day)
        if stored is not None and (day < last or len(stored) >= wanted):
            return Listing(stored.head(wanted))
        if survivors_only:
            return Listing(list_assets(context, last).assets, survivors_only=True)
    try:
        assets = fetch_listing(context, day)
    except SourceDownError as error:
        if stored is None:
            raise
        warn(f"{error}; the listing that was stored of {day} is taken")
        return Listing(stored)
    store_listing(context, day, assets)
    return Listing(assets, survivors_only)


def nearest_listing(context: MapContext, day: date) -> Listing:
    """Read a day's listing back, or the one nearest to it.

    Raises
    ------
    StorageError
        None is stored.
    """
    with context.database() as database:
        stored = database.listing(context.listing_key, day)
    if stored is None:
        key, path = context.listing_key, context.config.database
        raise StorageError(f"{path}: no listing of {key} is stored")
    assets, listed_on = stored
    return Listing(assets, survivors_only=listed_on > day)


def fetch_listing(context: MapContext, day: date) -> pd.DataFrame:
    """Ask the source for its largest assets."""
    source, universe = context.source, context.settings.universe
    if not is_remote(source):
        return source.listing(day, universe.n_candidates, universe.rank_by)
    answer = source.ask_listing(day, universe.n_candidates, universe.rank_by)
    store_answers(context.config, source.name, [answer])
    return answer.unwrap()


def stored_listing(context: MapContext, day: date) -> pd.DataFrame | None:
    """Read the listing of this very day back, where there is one."""
    with context.database() as database:
        stored = database.listing(context.listing_key, day)
    return stored[0] if stored is not None and stored[1] == day else None


def store_listing(context: MapContext, day: date, assets: pd.DataFrame) -> None:
    """Keep the listing: a source seldom knows a past one."""
    with context.database() as database:
        database.save_listing(context.listing_key, day, assets)
