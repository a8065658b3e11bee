"""A stored map for other programs: GraphML for graph tools, CSV for spreadsheets."""

import io
import sys
from pathlib import Path
from typing import Literal

import networkx as nx
import numpy as np
import pandas as pd

from flows.files import whole_file
from marketmap.structure import MarketStructure

Format = Literal["graphml", "edges", "nodes"]


def export(structure: MarketStructure, style: Format, output: Path | None) -> None:
    """Write a map's graph, or one of its tables, to a file or to standard output.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    content = _content(structure, style)
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with whole_file(output) as file:
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
    portable: nx.Graph[str] = nx.Graph()
    for node, data in graph.nodes(data=True):
        portable.add_node(_text(node), **{key: _plain(value) for key, value in data.items()})
    for a, b, data in graph.edges(data=True):
        values = {key: _plain(value) for key, value in data.items()}
        portable.add_edge(_text(a), _text(b), **values)
    return portable


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    # XML 1.0 has no character for most control codes, not even an escaped one.
    return "".join(c if c.isprintable() or c in "\t\n" else "\ufffd" for c in value)
