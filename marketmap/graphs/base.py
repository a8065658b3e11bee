"""What every graph method gives."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from marketmap.printing import brief


@dataclass(frozen=True, eq=False)
class Graph:
    """Edges between assets.

    Attributes
    ----------
    name : str
        Such as ``partial_correlation``.
    edges : DataFrame of shape (n_edges, 3)
        ``asset_id_a``, ``asset_id_b`` and ``partial_correlation``, the strongest first.
    diagnostics : mapping of str to number
        ``threshold`` (weaker ones are no edges), ``n_pairs`` and ``n_zero`` (pairs whose partial
        correlation is exactly zero).

    Examples
    --------
    >>> pairs = {"asset_id_a": ["btc"], "asset_id_b": ["eth"], "partial_correlation": [0.4]}
    >>> graph = Graph("by_hand", pd.DataFrame(pairs), {"threshold": 0.02})
    >>> len(graph.edges)
    1
    """

    name: str
    edges: pd.DataFrame
    diagnostics: Mapping[str, float]

    def __repr__(self) -> str:
        return brief(self)
