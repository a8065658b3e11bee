"""The sparse inverse covariance: which assets move together when all others are held still.

For notebooks, as drop-in replacements of scikit-learn's::

    from marketmap.precision import GraphicalLassoCV

    model = GraphicalLassoCV().fit(returns)
    model.alpha_, model.precision_, model.dual_gap_
    tomorrow = GraphicalLassoCV().fit(returns_of_tomorrow, previous=model)
"""

import lazy_loader

# numba costs a while that a report can spare: each name is imported at its first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
