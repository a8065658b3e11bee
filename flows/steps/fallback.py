"""The fallback source: what a map's own source lacks comes from an exchange."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pandas as pd

from flows.steps.context import MapContext
from flows.steps.missing import fetch_windows, missing_windows
from flows.steps.progress import tell
from marketmap.errors import SourceError
from marketmap.frames import close_table
from marketmap.universe.pairing import choose_sources, compare, lacking, pair, refuted
from storage import Database

if TYPE_CHECKING:
    from marketmap.sources.exchange.source import Exchange

Days = tuple[date, date]


@dataclass(frozen=True)
class FallbackOutcome:
    """What came of asking the fallback source.

    Attributes
    ----------
    asset_ids : frozenset of str
        The assets whose prices come from it.
    notes : tuple of str
        Sentences: where it could not be asked, or stored prices of it were wrong.
    """

    asset_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def fetch_fallback(context: MapContext, listing: pd.DataFrame, days: Days) -> FallbackOutcome:
    """Fetch the assets that the source lacks days of from the fallback source, and pair them."""
    if context.fallback is None:
        return FallbackOutcome()
    from marketmap.sources.exchange.source import Exchange  # ccxt takes its time, and is optional

    exchange = Exchange(context.fallback, context.config.fetch)
    symbols = listing.set_index("asset_id")["symbol"]
    with context.database() as database:
        primary = database.prices(context.source.name, symbols.index, *days)
    needy = symbols[lacking(primary, symbols.index, *days)]
    markets, notes = pd.Series(dtype="str"), list[str]()
    if not needy.empty:
        try:
            markets = _fetch_markets(context, exchange, needy, days, notes)
        except SourceError as error:
            notes.append(f"The fallback source could not be asked ({error}).")
    with context.database() as database:
        pairs = _pairs(database, context, symbols.index)
        wanted = [*markets.index, *pairs["other_id"]]
        others = database.prices(exchange.name, dict.fromkeys(wanted), *days)
        if len(markets):
            closes = close_table(primary[primary["asset_id"].isin(needy.index)])
            other_closes = close_table(others[others["asset_id"].isin(markets.index)])
            wrong = refuted(compare(closes, other_closes, needy, markets))
            database.forget_pairs(context.source.name, exchange.name, wrong)
            found = pair(closes, other_closes, needy, markets)
            database.save_pairs(context.source.name, exchange.name, found, datetime.now(UTC))
            pairs = _pairs(database, context, symbols.index)
    names = (context.source.name, exchange.name)
    _, sources = choose_sources(primary, others, pairs, days[1], days[0], names)
    return FallbackOutcome(frozenset(sources.index[sources == exchange.name]), tuple(notes))


def window_prices(
    database: Database, context: MapContext, asset_ids: Sequence[str], days: Days
) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """Read a window's prices back, each asset's from one source, and return from which."""
    source, fallback = context.source.name, context.fallback
    prices = database.prices(source, asset_ids, *days)
    if fallback is None:
        return prices, pd.Series(source, index=list(asset_ids), dtype="str")
    pairs = _pairs(database, context, asset_ids)
    others = database.prices(fallback.source_name, pairs["other_id"], *days)
    return choose_sources(prices, others, pairs, days[1], days[0], (source, fallback.source_name))


def _fetch_markets(
    context: MapContext,
    exchange: "Exchange",
    needy: "pd.Series[str]",
    days: Days,
    notes: list[str],
) -> "pd.Series[str]":
    """Fetch the markets that go by the needed symbols, and return their symbols by id."""
    markets = exchange.markets().set_index("asset_id")["symbol"]
    markets = markets[markets.str.casefold().isin(needy.str.casefold())]
    tell(f"{len(needy)} assets lack days, looking for {len(markets)} of them at {exchange.name}")
    windows = missing_windows(context.config, exchange, markets.index, days)
    replaced = fetch_windows(context.config, exchange, windows).replaced
    notes += [
        f"Stored prices of {market} at {exchange.name} were wrong and are replaced ({why})."
        for market, why in replaced.items()
    ]
    return markets


def _pairs(database: Database, context: MapContext, asset_ids: Iterable[str]) -> pd.DataFrame:
    assert context.fallback is not None  # noqa: S101 - asked for maps with a fallback source only
    pairs = database.pairs(context.source.name, context.fallback.source_name)
    return pairs[pairs["asset_id"].isin(set(asset_ids))]
