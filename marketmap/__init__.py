"""marketmap: the structure of a market, from a table of returns.

The same analysis that the daily flow runs, for a notebook::

    import marketmap

    returns = marketmap.compute_returns(closes)  # a table of prices: dates x assets
    structure = marketmap.MarketMap().fit(returns).structure_
    structure.assets  # symbol, name, cluster, is_exemplar
    structure.edges  # partial correlations, strongest first
    structure.graph  # the same as a networkx.Graph

A map that was stored is given back by :func:`storage.load`.
"""

import lazy_loader

# scikit-learn costs a second that SQL can spare: each name is imported at its first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
