"""The map in space."""

from marketmap.structure import MarketStructure
from reports.figures.network import Trace, edge_table, edge_traces, points_trace
from reports.figures.spread import spread_out

BOX = (1000.0, 1000.0, 1000.0)
SIZE = 9.0
N_LABELS = 8  # beside the exemplars'; more would lie on each other


def map_3d(structure: MarketStructure) -> Trace:
    """Draw the map in space: a plotly figure as a dict, its edges' ends left to the script."""
    positions = structure.positions["lle_3d"].loc[structure.assets.index, ["x", "y", "z"]]
    exact = positions.to_numpy(dtype="float64")
    clusters = structure.assets["cluster"].to_numpy(dtype="int64")
    # The widest two axes face the reader, as on the flat map; the third one is depth.
    facing = [0, 2, 1]
    views = {"spread": spread_out(exact, clusters, BOX)[:, facing], "exact": exact[:, facing]}
    lines = edge_traces(edge_table(structure), "scatter3d", ["width", "negative"])
    points = points_trace(structure, "scatter3d", views, SIZE)
    # Hollow points of assets that are alone need no label; hovering tells them.
    sizes = structure.assets["cluster"].value_counts()
    points["meta"]["n_labels"] = int((sizes > 1).sum()) + N_LABELS
    axis = {
        "title": {"text": ""},
        "showticklabels": False,
        "showspikes": False,
        "zeroline": False,
        "gridcolor": "#d5dae0",
        "backgroundcolor": "#f7f8fa",
        "showbackground": True,
    }
    return {
        "data": [*lines, points],
        "layout": {
            "scene": {
                "xaxis": axis,
                "yaxis": axis,
                "zaxis": axis,
                "aspectmode": "manual",
                "aspectratio": {"x": 1.6, "y": 1.0, "z": 1.0},
                "camera": {
                    "eye": {"x": 0.4, "y": -1.75, "z": 0.35},
                    "center": {"x": 0, "y": 0, "z": -0.08},
                },
                "dragmode": "turntable",
            },
            "hovermode": "closest",
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        },
    }
