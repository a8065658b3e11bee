"""The correlation matrix, ordered so that groups stand out, under its dendrogram."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import dendrogram, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from marketmap.structure import MarketStructure
from reports.figures.network import Trace
from reports.styles import FADED, INK, cluster_styles
from reports.text import asset_labels, plotly_text, shorten

BLUES = ("#ffffff", "#c6dbef", "#6baed6", "#2171b5", "#08306b")
REDS = ("#ffffff", "#fdbb84", "#e34a33", "#7f0000")
ROW_HEIGHT = 9
LABEL_WIDTH = 16

Tree = dict[str, Any]  # as scipy.cluster.hierarchy.dendrogram gives it


def hierarchy(correlation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Join the assets step by step: average linkage on the distance sqrt(2 (1 - correlation)).

    That distance is the Euclidean one between standardised returns (Mantegna, "Hierarchical
    structure in financial markets", European Physical Journal B 11, 1999). The leaves are ordered
    so that neighbours are as alike as possible.

    Returns
    -------
    ndarray of shape (n_assets - 1, 4)
        As :func:`scipy.cluster.hierarchy.linkage` gives it.
    """
    distance = np.sqrt(np.clip(2.0 * (1.0 - correlation), 0.0, None))
    np.fill_diagonal(distance, 0.0)
    condensed = squareform((distance + distance.T) / 2.0, checks=False)
    return np.asarray(optimal_leaf_ordering(linkage(condensed, "average"), condensed))


def heatmap(structure: MarketStructure, correlation: pd.DataFrame) -> Trace:
    """Draw the ordered matrix, the dendrogram above it and the map's clusters beside it."""
    values = correlation.to_numpy(dtype="float64")
    tree: Tree = dict(dendrogram(hierarchy(values), no_plot=True))
    order = np.array(tree["leaves"], dtype=np.intp)
    ordered = values[np.ix_(order, order)]
    np.fill_diagonal(ordered, np.nan)
    labels = asset_labels(structure.assets).iloc[order]
    ticks = [plotly_text(shorten(label, LABEL_WIDTH)) for label in labels]
    return {
        "data": [_matrix_trace(ordered), _tree_trace(tree), _strip_trace(structure, order)],
        "layout": _layout(tree, ticks),
    }


def _matrix_trace(ordered: npt.NDArray[np.float64]) -> Trace:
    low, high = float(np.nanmin(ordered)), float(np.nanmax(ordered))
    places = list(range(len(ordered)))
    return {
        "type": "heatmap",
        "z": [[None if np.isnan(v) else round(float(v), 3) for v in row] for row in ordered],
        "x": places,
        "y": places,
        "zmin": low,
        "zmax": high,
        "colorscale": colour_scale(low, high),
        "hovertemplate": "%{y} and %{x}: %{z:+.2f}<extra></extra>",
        "hoverongaps": False,
        "colorbar": {"title": {"text": "correlation"}, "len": 0.5, "y": 0.4, "thickness": 14},
    }


def _layout(tree: Tree, ticks: list[str]) -> Trace:
    n_assets = len(ticks)
    # Symbols may repeat, so that the axes count places and the names are their ticks.
    names = {"tickmode": "array", "tickvals": list(range(n_assets)), "ticktext": ticks}
    bare = {"showgrid": False, "zeroline": False, "ticks": ""}
    return {
        "height": max(480, ROW_HEIGHT * n_assets + 200),
        "xaxis": {**names, **bare, "range": [-3.5, n_assets - 0.5], "showticklabels": False},
        "yaxis": {
            **names,
            **bare,
            "range": [n_assets - 0.5, -0.5],
            "domain": [0.0, 0.86],
            "tickfont": {"size": 8, "color": INK},
        },
        "yaxis2": {
            **bare,
            "range": _heights(tree),
            "domain": [0.87, 1.0],
            "anchor": "x",
            "showticklabels": False,
            "fixedrange": True,
        },
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 110, "r": 10, "t": 8, "b": 10},
    }


def _heights(tree: Tree) -> list[float]:
    """Show the tree from just below its lowest join, for all of them may lie far above zero."""
    joins = [height[1] for height in tree["dcoord"]]
    return [max(0.0, min(joins) - 0.15 * (max(joins) - min(joins))), max(joins) * 1.02]


def colour_scale(low: float, high: float) -> list[tuple[float, str]]:
    """Make a scale from ``low`` to ``high`` that is white at 0, blue above and red below.

    Depth of colour stands for the same size on both sides.
    """
    reach = max(abs(low), abs(high), 1e-12)
    sides = [(-reach * k / (len(REDS) - 1), c) for k, c in enumerate(REDS)][:0:-1]
    sides += [(reach * k / (len(BLUES) - 1), c) for k, c in enumerate(BLUES)]
    knots, channels = zip(*((v, _channels(c)) for v, c in sides), strict=True)
    inner = [v for v in knots if low < v < high]
    values = [low, *inner, high] if high > low else [low, low + 1e-12]
    mixed = [[np.interp(v, knots, [c[i] for c in channels]) for i in range(3)] for v in values]
    width = values[-1] - values[0]
    return [
        (round((v - values[0]) / width, 6), "#" + "".join(f"{round(c):02x}" for c in rgb))
        for v, rgb in zip(values, mixed, strict=True)
    ]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _tree_trace(tree: Tree) -> Trace:
    """Draw the dendrogram's brackets; scipy puts the k-th leaf at 10 k + 5."""
    x: list[float | None] = []
    y: list[float | None] = []
    for across, heights in zip(tree["icoord"], tree["dcoord"], strict=True):
        x += [(value - 5.0) / 10.0 for value in across] + [None]
        y += [round(value, 4) for value in heights] + [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "yaxis": "y2",
        "line": {"color": FADED, "width": 1},
        "hoverinfo": "skip",
    }


def _strip_trace(structure: MarketStructure, order: npt.NDArray[np.intp]) -> Trace:
    """Mark each row with its asset's cluster on the map."""
    clusters = structure.assets["cluster"].iloc[order]
    styles = cluster_styles(structure.assets)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [-2.0] * len(order),
        "y": list(range(len(order))),
        "marker": {
            "color": [styles[int(c)].colour for c in clusters],
            "symbol": [styles[int(c)].shape for c in clusters],
            "size": 7,
        },
        "hoverinfo": "text",
        "hovertext": [f"cluster {c} of the map" for c in clusters],
    }
