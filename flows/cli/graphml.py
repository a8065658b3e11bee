"""A map as GraphML, with the names by which Gephi, Cytoscape and igraph know what is what.

Gephi goes by a key's id before its name: a node's ``label`` (or ``d3``), ``x`` and ``y``, an edge's
``weight``. Cytoscape writes a node's ``name`` on it, as does igraph in R. Weights are no less than
0 for all of them, so the sign of a partial correlation has an attribute of its own.
"""

import io
import math
import re

import networkx as nx
import numpy as np
import pandas as pd
from networkx.readwrite.graphml import GraphMLWriter

from marketmap.printing import printable
from marketmap.structure import MarketStructure

WIDTH = 1000.0
"""Of the drawing, in the units of a node's size, which is 10 or so in graph tools."""


def graphml(structure: MarketStructure) -> bytes:
    """Write the graph on the map, and where the first layout has its assets."""
    writer = GraphMLWriter(_portable(structure), named_key_ids=True)
    types = {key.get("id"): key.get("attr.type") for key in writer.xml.iter("key")}
    for data in writer.xml.iter("data"):
        if types[data.get("key")] == "boolean":
            data.text = data.text.lower()  # networkx writes Python's True
    buffer = io.BytesIO()
    writer.dump(buffer)
    return buffer.getvalue()


def _portable(structure: MarketStructure) -> "nx.Graph[str]":
    """Copy a graph with the names, numbers and characters that graph tools can read."""
    graph, positions = structure.graph, _positions(structure)
    ids = _portable_ids(graph)
    portable: nx.Graph[str] = nx.Graph()
    for node, data in graph.nodes(data=True):
        labels = {"asset_id": node, "label": data["symbol"], "name": data["symbol"]}
        values = {**data, "full_name": data["name"], **labels, **positions.loc[node]}
        portable.add_node(ids[node], **_plain(values))
    for a, b, data in graph.edges(data=True):
        portable.add_edge(ids[a], ids[b], **_plain(data))
    return portable


def _positions(structure: MarketStructure) -> pd.DataFrame:
    """Scale the map's positions: as they are, all nodes would lie upon each other."""
    places = next(iter(structure.layouts.values())).positions[["x", "y"]]
    extent = float((places.max() - places.min()).max())
    return (places - places.mean()) * (WIDTH / extent if extent > 0 else 1.0)


_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._:-]")  # a name token, as GraphML's schema wants it


def _portable_ids(graph: "nx.Graph[str]") -> dict[str, str]:
    """Give each asset an id that GraphML can hold, its own where it can, and no two the same."""
    tokens = {node: _NOT_IN_IDS.sub("_", node) for node in graph}
    taken = {node for node, token in tokens.items() if token == node}
    for node, token in tokens.items():
        if node not in taken:
            while token in taken:
                token += "_"
            tokens[node] = token
            taken.add(token)
    return tokens


def _plain(data: dict[str, object]) -> dict[str, object]:
    """Keep what is known, as Python's own values."""
    values = {
        key: value.item() if isinstance(value, np.generic) else value for key, value in data.items()
    }
    return {
        key: _text(value) if isinstance(value, str) else value
        for key, value in values.items()
        if not (value is None or (isinstance(value, float) and not math.isfinite(value)))
    }


# XML 1.0 has no character for most control codes, not even an escaped one; and a reader makes a
# line feed of a carriage return.
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(value: str) -> str:
    return _NOT_IN_XML.sub(lambda found: printable(found[0]), value)
