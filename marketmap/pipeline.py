"""From prices to a map: universe, returns, structure, in this order and each once."""

import logging
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pandas as pd

from marketmap.config import read_settings
from marketmap.estimator import fit_returns
from marketmap.printing import named_assets
from marketmap.returns import compute_returns
from marketmap.run import MapInputs, MapRun
from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure
from marketmap.universe.select import Universe, select_universe

log = logging.getLogger("marketmap")
"""Of the family whose lines a person sees while a flow works."""


def compute_run(inputs: MapInputs) -> MapRun:
    """Make a map of all that it is made from.

    Pure: the same inputs give the same run, in any process. It reads and writes nothing.

    Raises
    ------
    NotEnoughDataError
        Too few assets or days pass the gates.
    DataError
        The listing or the prices hold what they must not hold.
    FitError
        The model has no solution.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> inputs = marketmap.MapInputs(
    ...     map="demo",
    ...     as_of=source.end,
    ...     settings=settings,
    ...     source=market.name,
    ...     listing=listing,
    ...     prices=prices,
    ...     price_sources=listing.set_index("asset_id")["symbol"].map(lambda _: market.name),
    ... )
    >>> run = compute_run(inputs)
    >>> run.run_id, run.structure.clusters.n_clusters
    ('749691f81e0e20d6', 5)
    """
    settings = inputs.settings
    universe = select_universe(
        inputs.listing, inputs.prices, inputs.as_of, settings, inputs.refused
    )
    universe = universe.priced_by(inputs.price_sources)
    log.info("chose %d assets, left %d out", len(universe.assets), len(universe.exclusions))
    structure = fit_universe(universe, settings)
    log.info("found %d clusters", structure.clusters.n_clusters)
    return MapRun(
        map=inputs.map,
        as_of=inputs.as_of,
        settings=settings,
        source=inputs.source,
        universe=universe,
        structure=structure,
        survivors_only=inputs.survivors_only,
        notes=(*inputs.notes, *foreign_prices(universe, inputs.source)),
    )


def foreign_prices(universe: Universe, source: str) -> Iterator[str]:
    """Say in a sentence which assets' prices are not those of the map's own source."""
    foreign = universe.assets[universe.assets["price_source"] != source]
    for name, assets in foreign.groupby("price_source"):
        symbols = dict(assets["symbol"])
        yield f"All prices of {named_assets(list(symbols), symbols)} are those of {name}."


def map_prices(
    listing: pd.DataFrame,
    prices: pd.DataFrame,
    as_of: date,
    settings: MapSettings | Mapping[str, Any],
) -> tuple[Universe, MarketStructure]:
    """Take a listing and prices all the way to a map of one day.

    Parameters
    ----------
    listing, prices : DataFrame
        As :mod:`marketmap.frames` describes them.
    as_of : date
        The last day that is on the map.
    settings : MapSettings or dict
        A dict is read as a map in config.yaml.

    Raises
    ------
    NotEnoughDataError
        Too few assets or days pass the gates.
    FitError
        The model has no solution.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> universe, structure = marketmap.map_prices(listing, prices, source.end, settings)
    >>> structure.clusters.n_clusters
    5
    """
    settings = read_settings(settings, MapSettings)
    universe = select_universe(listing, prices, as_of, settings)
    return universe, fit_universe(universe, settings)


def fit_universe(universe: Universe, settings: MapSettings) -> MarketStructure:
    """Fit the structure of a universe's returns.

    Raises
    ------
    FitError
        The model has no solution.
    """
    returns = compute_returns(universe.closes, settings.returns, universe.opens)
    return fit_returns(returns, settings.model, universe.assets[["symbol", "name"]])
