"""Where listings and prices come from: one small protocol, three sources."""

from pathlib import Path

from marketmap.settings import (
    CoinMarketCapSettings,
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
    settings : CoinMarketCapSettings, FilesSettings or SimulatedSettings
    fetch : FetchSettings
        How a remote source is asked.
    folder : Path
        Where relative paths start: config.yaml's folder.

    Raises
    ------
    DataError
        The file of prices is missing, unreadable, or holds what it must not hold.
    """
    # Each source is imported only where it is used: what reads files needs no HTTP.
    if isinstance(settings, CoinMarketCapSettings):
        from marketmap.sources.coinmarketcap import CoinMarketCap

        return CoinMarketCap(settings, fetch)
    if isinstance(settings, FilesSettings):
        from marketmap.sources.files import Files

        return Files(settings, folder)
    from marketmap.sources.simulated import Simulated

    return Simulated(settings)
