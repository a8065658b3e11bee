"""The sparse inverse covariance: which assets move together when all others are held still.

For notebooks, as drop-in replacements of scikit-learn's::

    from marketmap.precision import GraphicalLassoCV

    model = GraphicalLassoCV().fit(returns)
    model.alpha_, model.precision_, model.dual_gap_
    tomorrow = GraphicalLassoCV().fit(returns_of_tomorrow, previous=model)
"""

from typing import TYPE_CHECKING

from marketmap.lazy import lazily

if TYPE_CHECKING:
    from marketmap.precision.estimators import GraphicalLasso, GraphicalLassoCV, graphical_lasso
    from marketmap.precision.fit import PrecisionFit, fit_precision

_HOMES = {
    "GraphicalLasso": "estimators",
    "GraphicalLassoCV": "estimators",
    "PrecisionFit": "fit",
    "fit_precision": "fit",
    "graphical_lasso": "estimators",
}

__all__ = [
    "GraphicalLasso",
    "GraphicalLassoCV",
    "PrecisionFit",
    "fit_precision",
    "graphical_lasso",
]

__getattr__ = lazily(__name__, _HOMES)  # numba costs a while that a report can spare
