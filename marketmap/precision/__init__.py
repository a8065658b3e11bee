"""The sparse inverse covariance: which assets move together when all others are held still.

For notebooks, as drop-in replacements of scikit-learn's::

    from marketmap.precision import GraphicalLassoCV

    model = GraphicalLassoCV().fit(returns)
    model.alpha_, model.precision_, model.dual_gap_
    tomorrow = GraphicalLassoCV().fit(returns_of_tomorrow, previous=model)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    """Import a public name at its first use: numba costs a while that a report can spare."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
