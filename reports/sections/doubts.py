"""Where a reader should trust a map less, in plain words."""

from collections.abc import Iterator

import numpy as np

from marketmap.doubts import doubts_of
from marketmap.printing import plural
from marketmap.run import MapRun
from marketmap.structure import MarketStructure
from reports.text import number, percent

NEAR = 0.8
"""Where others failed, a fitted penalty this far below the chosen one shows that it is the best."""


PRICES_CHANGED = (
    "The stored prices are not those any more that this map was made from: correlations and charts "
    "are those of today's prices, clusters, positions and edges are the map's."
)


def doubts(run: MapRun, *, prices_changed: bool = False) -> list[str]:
    """List what makes a map doubtful; the list is empty when nothing does.

    ``prices_changed`` is whether the stored prices have been revised since the map was made.
    """
    structure = run.structure
    return [
        *doubts_of(structure),
        *_about_the_fit(run),
        *_about_the_penalty(structure),
        *_about_the_clusters(structure),
        *_about_the_returns(structure),
        *([PRICES_CHANGED] if prices_changed else []),
    ]


def _about_the_fit(run: MapRun) -> Iterator[str]:
    found = run.structure.diagnostics
    tolerance = run.settings.model.precision.tol
    if not found.converged:
        yield (
            "The final fit did not converge: it stopped after "
            f"{plural(found.n_iter, 'iteration')}. Weak edges may come or go when it runs longer."
        )
    if abs(found.duality_gap) > tolerance:
        yield (
            f"The duality gap, {number(found.duality_gap, 3)}, is above the tolerance of "
            f"{number(tolerance, 3)}: the fit may be some way from the best one."
        )


def _about_the_penalty(structure: MarketStructure) -> Iterator[str]:
    scores, alpha = structure.cv_scores, structure.diagnostics.alpha
    has_score = np.isfinite(scores["mean_score"])
    fitted, failed = scores.loc[has_score, "alpha"], scores.loc[~has_score, "alpha"]
    if len(fitted) > 1 and (failed < alpha).any() and fitted.min() > NEAR * alpha:
        yield (
            f"{len(failed)} of the {len(scores)} penalties tried could not be fitted, and the "
            f"chosen one, {number(alpha, 3)}, is next to them: a smaller one may describe the "
            "market better."
        )
    elif len(fitted) > 1 and np.isclose(alpha, fitted.min(), rtol=1e-9):
        yield (
            f"The chosen penalty, {number(alpha, 3)}, is the smallest that was tried: "
            "a smaller one may describe the market better."
        )
    if len(fitted) > 1 and np.isclose(alpha, fitted.max(), rtol=1e-9):
        yield (
            f"The chosen penalty, {number(alpha, 3)}, is the largest that was tried: "
            "the returns hardly support any edge."
        )


def _about_the_clusters(structure: MarketStructure) -> Iterator[str]:
    found = structure.clusters.diagnostics
    if not found.get("converged", True):
        yield (
            f"Affinity propagation had not settled after {found['n_iter']:.0f} iterations: "
            "the clusters could be other ones."
        )


def _about_the_returns(structure: MarketStructure) -> Iterator[str]:
    found = structure.diagnostics
    if found.n_filled:
        share = found.n_filled / (found.n_assets * found.n_days)
        yield (
            f"{plural(found.n_filled, 'return')} ({percent(share, 2)} of all) were missing and "
            "set to the asset's mean, which weakens that asset's edges."
        )
