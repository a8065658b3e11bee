"""Where a reader should trust a map less, and what else there is to say of how it came about.

A doubt changes how the map is to be read: an edge, a cluster or an asset may be missing, be weaker
than it looks, or be another one. It stands in red at the top of the report. A remark says what was
done about a small flaw that changes no such thing; it stands in grey, for the record.
"""

from collections.abc import Iterator

import numpy as np

from marketmap.doubts import doubts_of
from marketmap.printing import NAMED, plural
from marketmap.run import MapRun
from marketmap.structure import MarketStructure
from reports.text import asset_labels, number, percent, shown

NEAR = 0.8
"""Where others failed, a fitted penalty this far below the chosen one shows that it is the best."""
LACKING = 0.05
"""An asset that lacks more of its days has edges that are weaker by about half this share."""

PRICES_CHANGED = (
    "The stored prices are not those any more that this map was made from: correlations and charts "
    "are those of today's prices, clusters, positions and edges are the map's."
)


SURVIVORS_ONLY = (
    "The list of assets is of a later day than the map: assets that vanished in between are "
    "missing, so that the market looks healthier than it was."
)


def remarks(run: MapRun) -> list[str]:
    """List what a reader may want to know of a map, though it changes nothing about it."""
    found = run.structure.diagnostics
    remarks = []
    if found.n_filled:
        were = "was" if found.n_filled == 1 else "were"
        remarks.append(
            f"{found.n_filled:,} of {plural(found.n_assets * found.n_days, 'return')} {were} "
            "missing and set to the mean of the asset."
        )
    return [*remarks, *run.notes]


def doubts(run: MapRun, *, prices_changed: bool = False) -> list[str]:
    """List what changes how a map is to be read; the list is empty when nothing does.

    ``prices_changed`` is whether the stored prices have been revised since the map was made.
    """
    structure = run.structure
    return [
        *doubts_of(structure),
        *_about_the_fit(run),
        *_about_the_penalty(structure),
        *_about_the_clusters(structure),
        *_about_the_prices(run),
        *_about_splits(run),
        *_about_the_choice(run),
        *([SURVIVORS_ONLY] if run.survivors_only else []),
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


def _about_the_prices(run: MapRun) -> Iterator[str]:
    universe = run.universe
    is_missing = universe.closes.isna()
    if run.settings.returns == "intraday":
        is_missing |= universe.opens.isna()
    missing = is_missing.mean()
    much = missing[missing > LACKING].sort_values(ascending=False, kind="stable")
    if len(much):
        labels = asset_labels(run.structure.assets)
        named = [f"{labels[str(i)]} ({percent(share)})" for i, share in much.head(NAMED).items()]
        more = f" and {len(much) - NAMED} more" if len(much) > NAMED else ""
        lack = "lacks prices on many days" if len(much) == 1 else "lack prices on many days"
        yield (
            f"{', '.join(named)}{more} {lack}: the missing returns were set to the mean of the "
            "asset, which makes its edges look weaker than they are."
        )


def _about_splits(run: MapRun) -> Iterator[str]:
    moves = run.universe.possible_splits
    for symbol, day, detail in (
        moves[["symbol", "date", "detail"]].head(NAMED).itertuples(index=False)
    ):
        yield (
            f"{shown(symbol)} may have been split on {day:%Y-%m-%d}: {shown(detail, 500)}. If it "
            "was split, its edges are weaker than they should be, and the penalty is too large."
        )
    if len(moves) > NAMED:
        yield f"So may {len(moves) - NAMED} more; they are listed under Left out and repaired."


def _about_the_choice(run: MapRun) -> Iterator[str]:
    """Say that nothing tells which assets are the largest, where some had no place."""
    universe = run.universe
    if len(universe.cut) and universe.assets[["market_cap", "turnover"]].isna().all(axis=None):
        mapped, others = plural(len(universe.assets), "asset"), plural(len(universe.cut), "other")
        yield (
            f"Neither market cap nor turnover is known: the {mapped} of this map come first by "
            f"name, not by size, and {others} had no place. Give a column of either, or make "
            "universe.size larger."
        )
