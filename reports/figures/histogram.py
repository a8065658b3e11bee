"""How strong the partial correlations are, with the exact zeros told apart."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketmap.structure import MarketStructure
from reports.figures.network import Trace
from reports.styles import GRID, NEGATIVE, POSITIVE

STEPS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
MOST_BARS = 60
WEAK = "#b8c0c8"


@dataclass(frozen=True)
class PairCounts:
    """How many pairs of assets there are of each kind."""

    zero: int
    weak: int
    positive: int
    negative: int

    @property
    def total(self) -> int:
        """All pairs."""
        return self.zero + self.weak + self.positive + self.negative


def count_pairs(structure: MarketStructure) -> PairCounts:
    """Count the pairs: exactly zero, too weak for an edge, and edges by their sign."""
    found = next(iter(structure.graphs.values())).diagnostics
    zero, total = int(found["n_zero"]), int(found["n_pairs"])
    values = structure.edges["partial_correlation"]
    positive, negative = int((values > 0).sum()), int((values < 0).sum())
    return PairCounts(zero, total - zero - positive - negative, positive, negative)


def histogram(structure: MarketStructure, weak: npt.NDArray[np.float64] | None) -> Trace:
    """Draw the histogram of the partial correlations that are not zero.

    Parameters
    ----------
    structure : MarketStructure
    weak : ndarray, or None
        Those that are no edges; None where they were not kept, so that the edges are drawn alone.
    """
    edges = structure.edges["partial_correlation"].to_numpy(dtype="float64")
    values = edges if weak is None else np.concatenate([edges, weak])
    threshold = structure.edge_threshold
    step = _bar_width(values)
    low, high = _bounds(values, step)
    borders = step * np.arange(low, high + 1)
    kinds = (
        ("negative edges", NEGATIVE, values[values < -threshold]),
        (f"no edge: at most {threshold:g} in size", WEAK, values[np.abs(values) <= threshold]),
        ("positive edges", POSITIVE, values[values > threshold]),
    )
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": np.round((borders[:-1] + borders[1:]) / 2, 6).tolist(),
            "y": np.histogram(kind, borders)[0].tolist(),
            "width": step,
            "marker": {"color": colour, "line": {"color": "#ffffff", "width": 0.5}},
            "hovertemplate": "about %{x:.4f}: %{y} pairs<extra></extra>",
        }
        for name, colour, kind in kinds
        if len(kind)
    ]
    return {
        "data": bars,
        "layout": {
            "barmode": "stack",
            "bargap": 0,
            "xaxis": {
                "title": {"text": "partial correlation"},
                "gridcolor": GRID,
                "zeroline": True,
                "zerolinecolor": "#1f2933",
                "range": [borders[0] - step, borders[-1] + step],
            },
            "yaxis": {
                "title": {"text": "pairs of assets"},
                "gridcolor": GRID,
                "rangemode": "tozero",
            },
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
            "margin": {"l": 60, "r": 16, "t": 40, "b": 50},
        },
    }


def _bar_width(values: npt.NDArray[np.float64]) -> float:
    width = float(values.max(initial=0.0) - values.min(initial=0.0))
    return next((step for step in STEPS if width / step <= MOST_BARS), STEPS[-1])


def _bounds(values: npt.NDArray[np.float64], step: float) -> tuple[int, int]:
    """Count the bars below and above zero, so that zero always lies between two bars."""
    low = int(np.floor(values.min(initial=0.0) / step))
    return low, max(int(np.ceil(values.max(initial=0.0) / step)), low + 1)
