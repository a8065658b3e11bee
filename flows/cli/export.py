"""A stored map for other programs: GraphML for graph tools, CSV for spreadsheets."""

import io
import re
from pathlib import Path
from typing import Literal

import networkx as nx
import numpy as np
import pandas as pd

from flows.cli.stdout import standard_output
from marketmap.printing import printable
from marketmap.structure import MarketStructure
from storage.engine.files import whole_file

Format = Literal["graphml", "edges", "nodes"]


def export(structure: MarketStructure, style: Format, output: Path | None) -> None:
    """Write a map's graph, or one of its tables, to a file or to standard output.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    content = _content(structure, style)
    with standard_output() if output is None else whole_file(output) as file:
        file.write(content)


def _content(structure: MarketStructure, style: Format) -> bytes:
    if style == "graphml":
        buffer = io.BytesIO()
        nx.write_graphml(_portable(structure.graph), buffer)
        return buffer.getvalue()
    table = _edges(structure) if style == "edges" else _nodes(structure.graph)
    return table.to_csv(index=False).encode()


def _edges(structure: MarketStructure) -> pd.DataFrame:
    symbols = structure.assets["symbol"]
    edges = structure.edges.copy()
    for end in ("a", "b"):
        edges[f"symbol_{end}"] = edges[f"asset_id_{end}"].map(symbols)
    return edges


def _nodes(graph: "nx.Graph[str]") -> pd.DataFrame:
    return pd.DataFrame([{"asset_id": node, **data} for node, data in graph.nodes(data=True)])


def _portable(graph: "nx.Graph[str]") -> "nx.Graph[str]":
    """Copy a graph with Python's own numbers and characters that XML can hold."""
    ids = _portable_ids(graph)
    portable: nx.Graph[str] = nx.Graph()
    for node, data in graph.nodes(data=True):
        portable.add_node(ids[node], **{key: _plain(value) for key, value in data.items()})
    for a, b, data in graph.edges(data=True):
        values = {key: _plain(value) for key, value in data.items()}
        portable.add_edge(ids[a], ids[b], **values)
    return portable


def _portable_ids(graph: "nx.Graph[str]") -> dict[str, str]:
    """Give each asset an id that XML can hold, its own where it can, and no two the same."""
    ids = {node: node for node in graph if _text(node) == node}
    for node in graph:
        if node not in ids:
            id_ = _text(node)
            while id_ in ids.values():
                id_ += "_"
            ids[node] = id_
    return ids


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    return _text(value) if isinstance(value, str) else value


# XML 1.0 has no character for most control codes, not even an escaped one; and a reader makes a
# line feed of a carriage return.
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(value: str) -> str:
    return _NOT_IN_XML.sub(lambda found: printable(found[0]), value)
