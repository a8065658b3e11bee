"""Prices come in: what is missing is fetched and stored as it comes; a late day is waited for."""

import time
from collections.abc import Sequence
from datetime import date

import pandas as pd

from flows.steps.context import MapContext
from flows.steps.fallback import fetch_fallback
from flows.steps.missing import fetch_windows, missing_windows, release_common_moves
from flows.steps.progress import count, tell, warn
from marketmap.printing import named_assets
from marketmap.sources.base import RemoteSource, is_remote
from marketmap.sources.outcome import ALIVE, FetchOutcome, outcome_of

Days = tuple[date, date]


def bring_prices(
    context: MapContext, listing: pd.DataFrame, days: Days, *, wait: bool
) -> tuple[str, ...]:
    """Store all prices of the listed assets between two days that are not stored yet.

    Parameters
    ----------
    context : MapContext
    listing : DataFrame
    days : tuple of date
        First and last day, both included.
    wait : bool
        Whether to wait, within ``fetch``'s bounds, for assets that do not have the last day yet.

    Returns
    -------
    tuple of str
        Sentences on what could not be had.

    Raises
    ------
    SourceError
        The prices of too many assets could not be had.
    """
    asset_ids, source = list(listing["asset_id"]), context.source
    if not is_remote(source):
        store_local(context, asset_ids, days)
        return ()
    replaced: dict[str, str] = {}
    outcome = _fetch_patiently(context, source, asset_ids, days, replaced, wait=wait)
    fallback = fetch_fallback(context, listing, days)
    outcome = outcome.without(fallback.asset_ids)
    outcome.require(context.config.fetch.min_answered, source.name, days[1], late_too=wait)
    return (*_notes(outcome, replaced, listing, days[1]), *fallback.notes)


def store_local(context: MapContext, asset_ids: Sequence[str], days: Days) -> None:
    """Store what a local source has of some assets and days, and nothing else of them."""
    count("prices", 0, len(asset_ids))
    source = context.source
    prices = pd.concat([source.prices(asset_id, *days) for asset_id in asset_ids])
    with context.database() as database:
        # A row that was taken out of a file must not live on in the maps.
        database.upsert_prices(source.name, prices, whole=(asset_ids, days))
    count("prices", len(asset_ids), len(asset_ids))


def _fetch_patiently(
    context: MapContext,
    source: RemoteSource,
    asset_ids: list[str],
    days: Days,
    replaced: dict[str, str],
    *,
    wait: bool,
) -> FetchOutcome:
    """Fetch, and again after a while where too few assets have the last day."""
    fetch, share = context.config.fetch, context.settings.gates.min_on_day
    outcome = _fetch(context, source, asset_ids, days, replaced)
    for _ in range(fetch.wait_for_day_attempts if wait else 0):
        if outcome.is_enough(share) or source.has_given_up:
            break
        tell(
            f"waiting {fetch.wait_for_day_seconds:g} s: {outcome.n_absent} of {outcome.expected} "
            f"assets do not have {days[1]} yet"
        )
        time.sleep(fetch.wait_for_day_seconds)
        outcome = _fetch(context, source, asset_ids, days, replaced)
    return outcome


def _fetch(
    context: MapContext,
    source: RemoteSource,
    asset_ids: list[str],
    days: Days,
    replaced: dict[str, str],
) -> FetchOutcome:
    windows = missing_windows(context.config, source, asset_ids, days)
    if not windows:
        tell("no price is missing")
    fetched = fetch_windows(context.config, source, windows)
    replaced |= fetched.replaced
    with context.database() as database:
        release_common_moves(database, source.name)
        recent = database.prices(source.name, asset_ids, days[1] - ALIVE, days[1])
    return outcome_of(fetched.failed, recent, days[1])


def _notes(
    outcome: FetchOutcome, replaced: dict[str, str], listing: pd.DataFrame, day: date
) -> tuple[str, ...]:
    symbols = dict(zip(listing["asset_id"], listing["symbol"], strict=True))
    notes = [
        f"Stored prices of {named_assets([asset_id], symbols)} were wrong and are replaced "
        f"({why}); earlier maps are made of them."
        for asset_id, why in replaced.items()
    ]
    if outcome.failed:
        reason = next(iter(outcome.failed.values()))
        failed = named_assets(list(outcome.failed), symbols)
        notes.append(f"The prices of {failed} could not be fetched ({reason}).")
    if outcome.late:
        notes.append(
            f"No price of {day} had come for {named_assets(list(outcome.late), symbols)} "
            f"({len(outcome.late)} of {outcome.expected} assets)."
        )
    for note in notes:
        warn(f"note: {note}")
    return tuple(notes)
