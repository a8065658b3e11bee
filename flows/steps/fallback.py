"""Another door: what the listed coins' own source does not give comes from an exchange."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pandas as pd

from flows.steps.missing import fetch_windows, missing_windows
from flows.steps.progress import tell
from marketmap.config import Config
from marketmap.errors import SourceError
from marketmap.settings import CoinMarketCapSettings, ExchangeSettings, MapSettings
from marketmap.sources.base import Source
from marketmap.universe.pairing import choose_sources, lacking, pair
from storage import Database

Days = tuple[date, date]


def second_door(settings: MapSettings) -> ExchangeSettings | None:
    """Return the exchange that a map's source falls back on, if there is one."""
    source = settings.source
    return source.fallback if isinstance(source, CoinMarketCapSettings) else None


def bring_second(
    config: Config, settings: MapSettings, source: Source, listing: pd.DataFrame, days: Days
) -> str | None:
    """Fetch the assets that the source lacks days of from the exchange, and pair them.

    Returns
    -------
    str or None
        A sentence, where the exchange could not be asked.
    """
    door = second_door(settings)
    if door is None:
        return None
    from marketmap.sources.exchange.source import Exchange  # ccxt takes its time, and is optional

    second = Exchange(door, config.fetch)
    symbols = listing.set_index("asset_id")["symbol"]
    with Database.open(config.database) as database:
        primary = database.prices(source.name, symbols.index, *days)
    needy = symbols[lacking(primary, symbols.index, *days)]
    if needy.empty:
        return None
    try:
        markets = second.markets().set_index("asset_id")["symbol"]
        markets = markets[markets.str.casefold().isin(needy.str.casefold())]
        tell(f"{len(needy)} assets lack days, looking for {len(markets)} of them at {second.name}")
        fetch_windows(config, second, missing_windows(config, second, markets.index, days))
    except SourceError as error:
        return f"The second source could not be asked ({error})."
    with Database.open(config.database) as database:
        others = database.prices(second.name, markets.index, *days)
        closes = _closes(primary[primary["asset_id"].isin(needy.index)])
        pairs = pair(closes, _closes(others), needy, markets)
        database.save_pairs(source.name, second.name, pairs, datetime.now(UTC))
    return None


def window_prices(
    database: Database,
    settings: MapSettings,
    source: Source,
    asset_ids: Sequence[str],
    days: Days,
) -> tuple[pd.DataFrame, pd.Series]:
    """Read a window's prices back, each asset's from one source, and tell from which."""
    prices = database.prices(source.name, asset_ids, *days)
    door = second_door(settings)
    if door is None:
        return prices, pd.Series(source.name, index=list(asset_ids), dtype="str")
    pairs = database.pairs(source.name, door.source_name)
    pairs = pairs[pairs["asset_id"].isin(asset_ids)]
    others = database.prices(door.source_name, pairs["other_id"], *days)
    names = (source.name, door.source_name)
    return choose_sources(prices, others, pairs, days[1], days[0], names)


def _closes(prices: pd.DataFrame) -> pd.DataFrame:
    return prices.pivot(index="date", columns="asset_id", values="close")
