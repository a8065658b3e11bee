"""marketmap: the structure of a market, from a table of returns.

The same analysis that the daily flow runs, for a notebook::

    import marketmap

    returns = marketmap.compute_returns(closes)  # a table of prices: dates x assets
    structure = marketmap.fit_structure(returns)
    structure.assets  # symbol, name, cluster, is_exemplar
    structure.edges  # partial correlations, strongest first
    structure.graph  # the same as a networkx.Graph

A map that was stored is given back by :func:`storage.load`.
"""

from typing import TYPE_CHECKING

from marketmap.lazy import lazily

if TYPE_CHECKING:
    from marketmap.agreement.base import Recovery
    from marketmap.config import Config, load_config
    from marketmap.errors import (
        ConfigError,
        DataError,
        FitError,
        MarketmapError,
        NotEnoughDataError,
        SourceDownError,
        SourceError,
        StorageError,
    )
    from marketmap.estimator import fit_structure
    from marketmap.graphs.partial_correlation import partial_correlations
    from marketmap.pipeline import map_prices
    from marketmap.returns import compute_returns
    from marketmap.run import Finding, MapInputs, MapRun
    from marketmap.settings import MapSettings, ModelSettings
    from marketmap.sources import open_source
    from marketmap.structure import Diagnostics, MarketStructure
    from marketmap.universe.select import Universe, select_universe

_HOMES = {
    "Config": "config",
    "ConfigError": "errors",
    "DataError": "errors",
    "Diagnostics": "structure",
    "Finding": "run",
    "FitError": "errors",
    "MapInputs": "run",
    "MapRun": "run",
    "MapSettings": "settings",
    "MarketStructure": "structure",
    "MarketmapError": "errors",
    "ModelSettings": "settings",
    "NotEnoughDataError": "errors",
    "Recovery": "agreement.base",
    "SourceDownError": "errors",
    "SourceError": "errors",
    "StorageError": "errors",
    "Universe": "universe.select",
    "compute_returns": "returns",
    "fit_structure": "estimator",
    "load_config": "config",
    "map_prices": "pipeline",
    "open_source": "sources",
    "partial_correlations": "graphs.partial_correlation",
    "select_universe": "universe.select",
}

__all__ = [
    "Config",
    "ConfigError",
    "DataError",
    "Diagnostics",
    "Finding",
    "FitError",
    "MapInputs",
    "MapRun",
    "MapSettings",
    "MarketStructure",
    "MarketmapError",
    "ModelSettings",
    "NotEnoughDataError",
    "Recovery",
    "SourceDownError",
    "SourceError",
    "StorageError",
    "Universe",
    "compute_returns",
    "fit_structure",
    "load_config",
    "map_prices",
    "open_source",
    "partial_correlations",
    "select_universe",
]

__getattr__ = lazily(__name__, _HOMES)  # scikit-learn costs a second that SQL can spare
