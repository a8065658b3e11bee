"""The section of the strongest edges."""

from dataclasses import dataclass

import pandas as pd

from marketmap.clustering.base import NOISE
from marketmap.structure import MarketStructure
from reports.text import asset_labels, signed

N_STRONGEST = 25


@dataclass(frozen=True)
class EdgeRow:
    """One line of a table of edges."""

    a: str
    b: str
    partial_correlation: str
    correlation: str
    share: float
    where: str


def edge_rows(structure: MarketStructure, correlation: pd.DataFrame, sign: int) -> list[EdgeRow]:
    """List the strongest edges of one sign (1 or -1)."""
    edges = structure.edges
    chosen = edges[edges["partial_correlation"] * sign > 0].head(N_STRONGEST)
    strongest = edges["partial_correlation"].abs().max()
    labels, cluster = asset_labels(structure.assets), structure.assets["cluster"]
    return [
        EdgeRow(
            a=str(labels[a]),
            b=str(labels[b]),
            partial_correlation=signed(partial),
            correlation=signed(float(correlation.loc[a, b]), 2),
            share=round(abs(partial) / strongest * 100, 1),
            where=_where(int(cluster[a]), int(cluster[b])),
        )
        for a, b, partial in chosen.itertuples(index=False, name=None)
    ]


def _where(a: int, b: int) -> str:
    """Say in which clusters the ends of an edge lie."""
    if a == b != NOISE:
        return f"inside {a}"
    told = ["none" if cluster == NOISE else str(cluster) for cluster in (a, b)]
    return " \N{LEFT RIGHT ARROW} ".join(told)
