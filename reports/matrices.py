"""What the page shows of full matrices, without ever fitting one.

Correlations of returns need no model: where a run's matrices were not kept, they are computed again
from its prices, exactly as they were for the model. Partial correlations need one: the edges are
always stored, weaker ones only together with the matrices.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.graphs.partial_correlation import partial_correlations
from marketmap.preparation.standardise import correlation, standardise
from marketmap.returns import compute_returns
from marketmap.run import MapRun

SAME = 1e-6
"""Mean correlations that differ by less are those of the same prices."""


@dataclass(frozen=True, eq=False)
class ShownMatrices:
    """The matrices of a run, as far as the page needs them.

    Attributes
    ----------
    correlation : DataFrame of shape (n_assets, n_assets)
        Of the returns, in the order of the structure's assets.
    weak : ndarray of shape (n_weak,), or None
        The partial correlations that are neither zero nor edges; None where they were not kept.
    prices_changed : bool
        Whether the stored prices are not those any more that the map was made from.
    """

    correlation: pd.DataFrame
    weak: npt.NDArray[np.float64] | None
    prices_changed: bool = False


def matrices_of(run: MapRun) -> ShownMatrices:
    """Return what the page shows of a run's matrices."""
    structure = run.structure
    ids, kept = structure.labels.index, structure.kept_matrices
    if kept is None:
        computed = _correlation(run).loc[ids, ids]
        told = structure.diagnostics.mean_correlation
        gap = abs(float(_pairs(computed).mean()) - told)
        return ShownMatrices(computed, weak=None, prices_changed=not gap <= SAME)
    partial = _pairs(partial_correlations(kept.precision))
    weak = partial[(partial != 0) & (np.abs(partial) <= structure.edge_threshold)]
    return ShownMatrices(kept.correlation.loc[ids, ids], weak)


def _correlation(run: MapRun) -> pd.DataFrame:
    universe = run.universe
    returns = compute_returns(universe.closes, run.settings.returns, universe.opens)
    standardised, _ = standardise(returns)
    ids = returns.columns
    return pd.DataFrame(correlation(standardised), index=ids, columns=ids)


def _pairs(matrix: pd.DataFrame) -> npt.NDArray[np.float64]:
    """List the values of all pairs of assets, each once."""
    return matrix.to_numpy(dtype="float64")[np.triu_indices(len(matrix), k=1)]
