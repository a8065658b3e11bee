"""Where listings and prices come from: one protocol, four sources."""

from pathlib import Path

from marketmap.settings import (
    CoinMarketCapSettings,
    ExchangeSettings,
    FetchSettings,
    FilesSettings,
    SourceSettings,
)
from marketmap.sources.base import Source

__all__ = ["Source", "open_source"]


def open_source(settings: SourceSettings, fetch: FetchSettings, folder: Path) -> Source:
    """Make the source that a map's settings name.

    Parameters
    ----------
    settings : CoinMarketCapSettings, ExchangeSettings, FilesSettings or SimulatedSettings
    fetch : FetchSettings
        How a remote source is asked.
    folder : Path
        Where relative paths start: config.yaml's folder.

    Raises
    ------
    ConfigError
        A library that the source needs is not installed, or does not know the exchange.
    DataError
        The file of prices is missing, unreadable, or holds what it must not hold.

    Examples
    --------
    >>> from marketmap.settings import SimulatedSettings
    >>> market = open_source(SimulatedSettings(kind="simulated"), FetchSettings(), Path())
    >>> market.is_remote
    False
    """
    # Each source is imported only where it is used: what reads files needs no HTTP.
    if isinstance(settings, CoinMarketCapSettings):
        from marketmap.sources.coinmarketcap.source import CoinMarketCap

        if settings.fallback is not None:
            # An error in it should show now, not on the first day on which it is needed.
            open_source(settings.fallback, fetch, folder)
        return CoinMarketCap(settings, fetch)
    if isinstance(settings, FilesSettings):
        from marketmap.sources.files.source import Files

        return Files(settings, folder)
    if isinstance(settings, ExchangeSettings):
        from marketmap.sources.exchange.source import Exchange

        return Exchange(settings, fetch)
    from marketmap.sources.simulated import Simulated

    return Simulated(settings)
