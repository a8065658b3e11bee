"""A map from what is stored: all that it needs is read once, and what is found is kept."""

from collections.abc import Sequence
from datetime import date

from flows.steps.context import MapContext
from flows.steps.fallback import window_prices
from flows.steps.listing import Listing
from marketmap.agreement.recovery import find_recovery
from marketmap.run import Finding, MapInputs, MapRun
from marketmap.sources.files.source import Files


def read_inputs(
    context: MapContext, day: date, listing: Listing, notes: Sequence[str] = ()
) -> MapInputs:
    """Read all that the map of a day is made from."""
    with context.database() as database:
        asset_ids = list(listing.assets["asset_id"])
        prices, price_sources = window_prices(database, context, asset_ids, context.window(day))
    return MapInputs(
        map=context.name,
        as_of=day,
        settings=context.settings,
        source=context.source.name,
        listing=listing.assets,
        prices=prices,
        price_sources=price_sources,
        survivors_only=listing.survivors_only,
        notes=(*context.source.notes, *notes),
        refused=_refused(context, day),
    )


def _refused(context: MapContext, day: date) -> dict[str, str]:
    """Return the assets whose rows in a file contradict each other in the window of a day."""
    source = context.source
    return source.refused(*context.window(day)) if isinstance(source, Files) else {}


def findings_of(run: MapRun) -> list[Finding]:
    """Return what is found out about a run, once it is made."""
    recovery = find_recovery(run)
    return [] if recovery is None else [recovery]
