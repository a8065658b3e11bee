"""What the flat and the spatial map share: assets as points, edges as lines of a few widths.

The lines' ends are left to the page's script (templates/report.js): it knows which positions and
how many edges the reader wants to see.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from marketmap.clustering.base import NOISE
from marketmap.structure import MarketStructure
from reports.figures.spread import Positions
from reports.styles import ACROSS, INK, cluster_styles
from reports.text import asset_labels, plotly_text, shorten, shown, signed

Trace = dict[str, Any]

WIDTHS = (0.8, 1.6, 2.8, 4.2, 6.0)  # pixels, from the weakest fifth of the strengths' range up
SPATIAL_WIDENING = 1.8  # WebGL draws a line thinner than SVG does
N_NEIGHBOURS = 5
LABEL_WIDTH = 14
EDGES_PER_ASSET = 1.5


def edge_table(structure: MarketStructure) -> pd.DataFrame:
    """List the edges as they are drawn, the strongest first.

    Returns
    -------
    DataFrame
        ``a`` and ``b`` (places of the assets), ``strength``, ``negative``, ``colour`` (that of the
        cluster for an edge inside one, else grey) and ``width`` (a place in :data:`WIDTHS`).
    """
    assets, edges = structure.assets, structure.edges
    styles = cluster_styles(assets)
    a = assets.index.get_indexer(pd.Index(edges["asset_id_a"]))
    b = assets.index.get_indexer(pd.Index(edges["asset_id_b"]))
    clusters = assets["cluster"].to_numpy()
    strength = edges["partial_correlation"].abs().to_numpy(dtype="float64")
    steps = np.ceil(strength / strength.max(initial=1e-300) * len(WIDTHS)).astype(int) - 1
    inside = clusters[a] == clusters[b]
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "strength": strength,
            "negative": edges["partial_correlation"].to_numpy() < 0,
            "colour": [
                styles[int(c)].colour if same else ACROSS
                for c, same in zip(clusters[a], inside, strict=True)
            ],
            "width": steps.clip(0, len(WIDTHS) - 1),
        }
    )


def edge_traces(edges: pd.DataFrame, kind: str, by: list[str]) -> list[Trace]:
    """Make one empty line trace for each look that edges have, the thinnest first.

    Parameters
    ----------
    edges : DataFrame
        As :func:`edge_table` gives it.
    kind : {"scatter", "scatter3d"}
    by : list of str
        The columns that one trace has in common; a 3D line may change its colour on its way.
    """
    traces = []
    for _, group in edges.groupby(by, sort=True):
        first = group.iloc[0]
        widen = SPATIAL_WIDENING if kind == "scatter3d" else 1.0
        line = {
            "width": widen * WIDTHS[first["width"]],
            "dash": "dash" if first["negative"] else "solid",
        }
        if "colour" in by:
            line["color"] = first["colour"]
        traces.append(
            {
                "type": kind,
                "mode": "lines",
                "line": line,
                "opacity": 0.75,
                "hoverinfo": "skip",
                "showlegend": False,
                "meta": {
                    "role": "edges",
                    "rank": group.index.tolist(),
                    "a": group["a"].tolist(),
                    "b": group["b"].tolist(),
                    "colours": [] if "colour" in by else group["colour"].tolist(),
                },
            }
        )
    return traces


def points_trace(
    structure: MarketStructure, kind: str, views: dict[str, Positions], size: float
) -> Trace:
    """Make the trace of the assets.

    Parameters
    ----------
    structure : MarketStructure
    kind : {"scatter", "scatter3d"}
    views : dict of str to ndarray of shape (n_assets, n_dimensions)
        The positions that a reader can choose from.
    size : float
        Of an ordinary point, in pixels; an exemplar's is larger.
    """
    assets = structure.assets
    by_cluster = cluster_styles(assets)
    styles = [by_cluster[int(cluster)] for cluster in assets["cluster"]]
    exemplar = assets["is_exemplar"].to_numpy(dtype=bool)
    labels = [shown(symbol, LABEL_WIDTH) for symbol in assets["symbol"].astype("str")]
    return {
        "type": kind,
        "mode": "markers+text" if kind == "scatter" else "markers",
        "marker": {
            "color": [style.colour for style in styles],
            "symbol": [style.shape for style in styles],
            "size": [size * 1.5 if is_exemplar else size for is_exemplar in exemplar],
        },
        "textfont": {"color": INK, "size": 11},
        "hoverinfo": "text",
        "hovertext": hover_texts(structure),
        "showlegend": False,
        "meta": {
            "role": "points",
            "views": {name: _columns(positions) for name, positions in views.items()},
            "labels": labels,
            "cluster": assets["cluster"].astype("int").tolist(),
            "exemplar": exemplar.tolist(),
            "priority": label_priority(structure),
        },
    }


def _columns(positions: Positions) -> list[list[float]]:
    # Five digits of the widest axis are far below a pixel.
    digits = 5 - int(np.floor(np.log10(max(float(np.ptp(positions, axis=0).max()), 1e-12))))
    return [np.round(column, digits).tolist() for column in positions.T]


def label_priority(structure: MarketStructure) -> list[int]:
    """Order the assets' places by how much they deserve a label.

    First the exemplars of clusters that have other members, then all by their edges' strength.
    """
    assets = structure.assets
    # Not of the graph, whose shortest paths take longer than all else that is drawn.
    edges = structure.edges
    weights = edges["partial_correlation"].abs()
    ends = [weights.groupby(edges[end]).sum() for end in ("asset_id_a", "asset_id_b")]
    strength = ends[0].add(ends[1], fill_value=0)
    shared = assets["cluster"].map(assets["cluster"].value_counts()) > 1
    order = pd.DataFrame(
        {
            "place": range(len(assets)),
            "ordinary": ~(assets["is_exemplar"].astype(bool) & shared).to_numpy(),
            "weakness": -strength.reindex(assets.index, fill_value=0).to_numpy(),
        }
    )
    return order.sort_values(["ordinary", "weakness", "place"])["place"].tolist()


def hover_texts(structure: MarketStructure) -> list[str]:
    """Say of each asset what it is, its cluster and its strongest neighbours."""
    assets = structure.assets
    labels = asset_labels(assets).map(lambda label: plotly_text(shorten(label, 40)))
    exemplars = labels[assets["is_exemplar"].to_numpy(dtype=bool)]
    exemplar_of = dict(zip(assets.loc[exemplars.index, "cluster"], exemplars, strict=True))
    neighbours = _strongest_neighbours(structure)
    texts = []
    for asset_id, asset in zip(assets.index, assets.to_dict("records"), strict=True):
        lines = [f"<b>{labels[asset_id]}</b>"]
        if asset["name"] != asset["symbol"]:
            lines.append(plotly_text(shown(asset["name"], 60)))
        lines.append(_place_in_clusters(asset, exemplar_of))
        found = neighbours.get(str(asset_id), [])[:N_NEIGHBOURS]
        lines.append("Strongest edges:" if found else "No edges")
        lines += [f"  {signed(partial)}  {labels[other]}" for other, partial in found]
        texts.append("<br>".join(lines))
    return texts


def _place_in_clusters(asset: dict[Hashable, Any], exemplar_of: Mapping[int, str]) -> str:
    cluster = asset["cluster"]
    if cluster == NOISE:
        return "In no cluster"
    if asset["is_exemplar"]:
        return f"Cluster {cluster}, its exemplar"
    return f"Cluster {cluster}" + (f", of {exemplar_of[cluster]}" if cluster in exemplar_of else "")


def _strongest_neighbours(structure: MarketStructure) -> dict[str, list[tuple[str, float]]]:
    neighbours: dict[str, list[tuple[str, float]]] = {}
    for a, b, partial in structure.edges.itertuples(index=False, name=None):
        neighbours.setdefault(a, []).append((b, partial))
        neighbours.setdefault(b, []).append((a, partial))
    return neighbours


def edges_shown_first(structure: MarketStructure) -> int:
    """Return how many edges a page opens with, so that it does not open with a tangle."""
    return min(len(structure.edges), round(EDGES_PER_ASSET * len(structure.assets)))
