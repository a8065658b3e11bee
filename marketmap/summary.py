"""What a structure says, in the few lines that a notebook shows."""

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from marketmap.clustering.base import NOISE
from marketmap.doubts import doubts_of
from marketmap.printing import printable

if TYPE_CHECKING:
    from marketmap.structure import MarketStructure

CLUSTERS = 5
"""So many clusters are described; of more, how many there are is said."""
SYMBOL = 8
"""Characters of a symbol, at most."""
WIDTH = 96
_NAME = 12


def summary(structure: "MarketStructure") -> str:
    """Describe a structure in at most ten lines, without fitting anything."""
    found = structure.diagnostics
    window = f", {found.window_start} to {found.window_end}" if found.window_start else ""
    fitted = "converged" if found.converged else "NOT converged"
    strongest = structure.edges.head(1)
    doubts = doubts_of(structure)
    rows = {
        "DOUBT": "; ".join(doubt.partition(":")[0] for doubt in doubts),
        "clusters": _clusters(structure),
        "edges": _edges(structure),
        "strongest": ", ".join(
            f"{_symbol(structure, a)} - {_symbol(structure, b)} {value:+.2f}"
            for a, b, value in strongest.itertuples(index=False, name=None)
        ),
        "penalty": f"{found.alpha:.4g}, {fitted}, duality gap {found.duality_gap:.1e}",
        "correlation": f"{found.mean_correlation:.2f} on average",
        "filled": f"{found.n_filled} missing returns" if found.n_filled else "",
        "layouts": ", ".join(structure.layouts),
    }
    title = f"MarketStructure: {found.n_assets} assets, {found.n_days} days{window}"
    lines = (
        f"  {name:<{_NAME}}{textwrap.shorten(text, WIDTH)}" for name, text in rows.items() if text
    )
    return "\n".join([title, *lines])


def _clusters(structure: "MarketStructure") -> str:
    """Count the clusters, and name the largest by their exemplars or numbers."""
    clusters = structure.clusters
    numbers = clusters.labels.tolist()
    sizes = Counter(number for number in numbers if number != NOISE)
    largest = sorted(sizes)[:CLUSTERS]  # they are numbered by falling size
    centres = clusters.exemplars
    parts = [
        f"{number if centres is None else _symbol(structure, centres[number])}: {sizes[number]}"
        for number in largest
    ]
    if len(sizes) > CLUSTERS:
        parts.append(f"{len(sizes) - CLUSTERS} more")
    if NOISE in numbers:
        parts.append(f"{numbers.count(NOISE)} in none")
    return f"{len(sizes)} ({', '.join(parts)})"


def _edges(structure: "MarketStructure") -> str:
    n_pairs = len(structure.labels) * (len(structure.labels) - 1) // 2
    return f"{len(structure.edges)} of {n_pairs} pairs above {structure.edge_threshold:g}"


def _symbol(structure: "MarketStructure", asset_id: str) -> str:
    """Return what an asset is called, shortened: a stranger chose it."""
    symbol = printable(str(structure.labels.loc[asset_id, "symbol"]))
    return symbol if len(symbol) <= SYMBOL else f"{symbol[: SYMBOL - 1]}…"
