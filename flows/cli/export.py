"""A stored map for other programs: GraphML for graph tools, CSV for spreadsheets."""

from pathlib import Path
from typing import Literal

import networkx as nx
import pandas as pd

from flows.cli.graphml import graphml
from flows.cli.stdout import standard_output
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
        return graphml(structure)
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
