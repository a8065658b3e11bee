"""What makes a map doubtful whatever it is shown in: a warning, a summary, a report."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from marketmap.printing import printable
from marketmap.settings import MIN_DAYS

if TYPE_CHECKING:
    from marketmap.structure import MarketStructure

BEYOND_CHANCE = 4.0
"""From so many standard deviations on, correlations are larger than those of independent assets."""
EXPLAINED = 0.99
"""From this share of its variance on, an asset is a copy or a sum of others."""

_NAMED = 3


def doubts_of(structure: "MarketStructure") -> list[str]:
    """List in plain words what makes a structure doubtful: one sentence or two for each.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> sectors = np.random.default_rng(0).normal(size=(300, 2)).repeat(4, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(300, 8))
    >>> doubts_of(marketmap.MarketMap().fit(sectors + noise).structure_)
    []
    """
    return [*_no_structure(structure), *_near_singular(structure), *_few_days(structure)]


def warn_of_doubts(structure: "MarketStructure", stacklevel: int) -> None:
    """Warn of all that makes a structure doubtful."""
    for doubt in doubts_of(structure):
        warnings.warn(doubt, UserWarning, stacklevel=stacklevel)


def beyond_chance(mean_square: float, n_assets: int, n_days: int) -> float:
    """Return how far squared correlations are above those of independent assets.

    Parameters
    ----------
    mean_square : float
        The mean of all pairs' squared correlations; of independent assets 1 / (n_days - 1),
        whatever their distribution.
    n_assets, n_days : int

    Returns
    -------
    float
        In standard deviations (Schott, "Testing for complete independence in high dimensions",
        Biometrika 92, 2005).
    """
    n_pairs = n_assets * (n_assets - 1) / 2
    return float((mean_square * (n_days - 1) - 1) * np.sqrt(n_pairs / 2))


def _no_structure(structure: "MarketStructure") -> Iterator[str]:
    found = structure.diagnostics
    above = beyond_chance(found.mean_square_correlation, found.n_assets, found.n_days)
    if above < BEYOND_CHANCE:
        yield (
            "There is no structure to show: the correlations are as small as those of independent "
            f"assets over {found.n_days} days (the mean square is "
            f"{found.mean_square_correlation:.4f}, by chance {1 / (found.n_days - 1):.4f}). "
            "Clusters, positions and edges are those of noise."
        )
    elif structure.edges.empty:
        yield (
            "There is no structure to show: no partial correlation is above "
            f"{structure.edge_threshold:g}. Positions are those of noise."
        )
    elif structure.clusters.n_clusters == 0:
        yield (
            "There are no groups to show: all assets are equally alike. Positions are those of "
            "noise."
        )


def _near_singular(structure: "MarketStructure") -> Iterator[str]:
    found = structure.diagnostics
    if not found.explained >= EXPLAINED:
        return
    asset_id = str(structure.labels.index[found.most_explained])
    edges = structure.edges
    own = edges[(edges["asset_id_a"] == asset_id) | (edges["asset_id_b"] == asset_id)]
    sizes = own["partial_correlation"].abs()
    named = ", ".join(
        f"{_called(structure, b if a == asset_id else a)} ({strength:+.3f})"
        for a, b, strength in own[sizes >= sizes.max() / 2][:_NAMED].itertuples(index=False)
    )
    above_all = f", above all {named}, by partial correlation" if named else ""
    yield (
        f"{_called(structure, asset_id)} is nearly the same as others together: they explain "
        f"{found.explained:.2%} of its variance{above_all}. A copy, an inverse or leveraged "
        "product, or a fund beside what it holds distorts the penalty and every edge: leave one of "
        "them out."
    )


def _few_days(structure: "MarketStructure") -> Iterator[str]:
    found = structure.diagnostics
    if found.n_days < MIN_DAYS:
        yield (
            f"{found.n_days} days are few: correlations of fewer than {MIN_DAYS} days are mostly "
            "chance."
        )


def _called(structure: "MarketStructure", asset_id: str) -> str:
    """Return an asset's symbol, with its id where they differ: two may share a symbol."""
    symbol = printable(str(structure.labels.loc[asset_id, "symbol"]))
    return symbol if symbol == asset_id else f"{symbol} ({printable(asset_id)})"
