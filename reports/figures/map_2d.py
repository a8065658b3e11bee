"""The flat map."""

from marketmap.structure import MarketStructure
from reports.figures.network import Trace, edge_table, edge_traces, points_trace
from reports.figures.spread import spread_out

BOX = (1000.0, 640.0)  # about as wide and high as the drawing, in pixels
SIZE = 10.0


def map_2d(structure: MarketStructure) -> Trace:
    """Draw the map: a plotly figure as a dict, its edges' ends left to the page's script."""
    positions = structure.positions["lle_2d"].loc[structure.assets.index, ["x", "y"]]
    exact = positions.to_numpy(dtype="float64")
    clusters = structure.assets["cluster"].to_numpy(dtype="int64")
    views = {"spread": spread_out(exact, clusters, BOX), "exact": exact}
    lines = edge_traces(edge_table(structure), "scatter", ["width", "negative", "colour"])
    points = points_trace(structure, "scatter", views, SIZE)
    exemplar = points["meta"]["exemplar"]
    points["marker"]["opacity"] = 1.0
    points["marker"]["line"] = {
        "color": ["#000000" if is_exemplar else "#ffffff" for is_exemplar in exemplar],
        "width": [2.0 if is_exemplar else 0.8 for is_exemplar in exemplar],
    }
    axis = {"showticklabels": False, "zeroline": False, "showgrid": False, "ticks": ""}
    return {
        "data": [*lines, points],
        "layout": {
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": "zoom",
            "hovermode": "closest",
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        },
    }
