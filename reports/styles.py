"""Colours and shapes that a reader can tell apart, colour-blind or not.

A figure's own scale stands with the figure; ``templates/report.css`` and ``macros.html`` repeat
what they need of these.
"""

from typing import NamedTuple

import pandas as pd

from marketmap.clustering.base import NOISE

# Paul Tol's "muted" scheme, https://personal.sron.nl/~pault/: distinct for colour-blind eyes. Its
# nine colours are not enough for thirty clusters, so that a shape tells the next nine apart.
COLOURS = (
    "#332288",
    "#cc6677",
    "#117733",
    "#88ccee",
    "#ddaa33",
    "#882255",
    "#44aa99",
    "#999933",
    "#aa4499",
)
SHAPES = ("circle", "square", "diamond", "cross")  # those that plotly can also draw in 3D
SINGLE = "#7f7f7f"

INK = "#1f2933"
FADED = "#5f6b76"
GRID = "#e4e7eb"
ACROSS = "#8a949e"
POSITIVE = "#2166ac"
NEGATIVE = "#b2182b"


class ClusterStyle(NamedTuple):
    """How a cluster is drawn: its colour and plotly's name of its shape."""

    colour: str
    shape: str


ALONE = ClusterStyle(SINGLE, "circle-open")


def cluster_styles(assets: pd.DataFrame) -> dict[int, ClusterStyle]:
    """Give every cluster a colour and a shape.

    Clusters of a single asset, and the assets that belong to none, are hollow and grey.

    Parameters
    ----------
    assets : DataFrame
        With a column ``cluster``, numbered from 1, the largest first; 0 is none.
    """
    sizes = assets["cluster"].value_counts().sort_index()
    styles = {NOISE: ALONE} if NOISE in sizes.index else {}
    for place, (cluster, size) in enumerate(sizes.drop(NOISE, errors="ignore").items()):
        shape = SHAPES[place // len(COLOURS) % len(SHAPES)]
        shared = ClusterStyle(COLOURS[place % len(COLOURS)], shape)
        styles[int(str(cluster))] = shared if size > 1 else ALONE
    return styles


def swatch_path(shape: str) -> str:
    """Return a shape as the path of an SVG of 16 x 16."""
    return {
        "square": "M2.5 2.5H13.5V13.5H2.5Z",
        "diamond": "M8 1L15 8L8 15L1 8Z",
        "cross": "M5.5 1.5H10.5V5.5H14.5V10.5H10.5V14.5H5.5V10.5H1.5V5.5H5.5Z",
    }.get(shape, "M8 2A6 6 0 1 1 7.99 2Z")
