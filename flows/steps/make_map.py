"""A map from what is stored: all that it needs is read once, and what is found is kept."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from flows.steps.context import MapContext
from flows.steps.fallback import window_prices
from flows.steps.listing import Listing
from marketmap.agreement.recovery import find_recovery
from marketmap.run import Finding, MapInputs, MapRun
from marketmap.sources.base import is_remote
from marketmap.sources.disputes import UNSETTLED
from marketmap.sources.files.source import Files


def read_inputs(
    context: MapContext, day: date, listing: Listing, notes: Sequence[str] = ()
) -> MapInputs:
    """Read all that the map of a day is made from."""
    with context.database() as database:
        asset_ids = list(listing.assets["asset_id"])
        window, name = context.window(day), context.source.name
        prices, chosen = window_prices(database, context, asset_ids, window)
        held = database.quarantine(name) if is_remote(context.source) else None
    return MapInputs(
        map=context.name,
        as_of=day,
        settings=context.settings,
        source=name,
        listing=listing.assets,
        prices=prices,
        price_sources=chosen,
        survivors_only=listing.survivors_only,
        notes=(*context.source.notes, *notes),
        refused=_refused(context, window) if held is None else _in_dispute(held, window, chosen),
    )


def _refused(context: MapContext, window: tuple[date, date]) -> dict[str, str]:
    """Return the assets whose rows in a file contradict each other in the window of a day."""
    source = context.source
    return source.refused(*window) if isinstance(source, Files) else {}


def _in_dispute(
    held: pd.DataFrame, window: tuple[date, date], chosen: "pd.Series[str]"
) -> dict[str, str]:
    """Return the assets with days in dispute, but for those whose prices another source has."""
    days = held["date"].between(pd.Timestamp(window[0]), pd.Timestamp(window[1]))
    rows = held[days & held["reason"].isin(UNSETTLED)].drop_duplicates("asset_id", keep="last")
    told = zip(rows["asset_id"], rows["source"], rows["detail"], strict=True)
    return {i: detail for i, source, detail in told if chosen.get(i, source) == source}


def findings_of(run: MapRun) -> list[Finding]:
    """Return what is found out about a run, once it is made."""
    recovery = find_recovery(run)
    return [] if recovery is None else [recovery]
