"""From prices to a map: universe, returns, structure, in this order and each once."""

from datetime import date

import pandas as pd

from marketmap.returns import compute_returns
from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure, fit_structure
from marketmap.universe.select import Universe, select_universe


def map_prices(
    listing: pd.DataFrame, prices: pd.DataFrame, as_of: date, settings: MapSettings
) -> tuple[Universe, MarketStructure]:
    """Take a listing and prices all the way to a map of one day.

    Parameters
    ----------
    listing, prices : DataFrame
        As :mod:`marketmap.frames` describes them.
    as_of : date
        The last day that is on the map.
    settings : MapSettings

    Raises
    ------
    NotEnoughDataError
        Too few assets or days pass the gates.
    FitError
        The model has no solution.
    """
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
    return fit_structure(returns, settings.model, universe.assets[["symbol", "name"]])
