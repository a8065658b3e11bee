"""Returns in, a :class:`MarketStructure` out: the model, and no input or output in it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from marketmap.clustering.affinity import cluster_by_affinity
from marketmap.embedding.locally_linear import embed
from marketmap.errors import DataError, NotEnoughDataError
from marketmap.graphs.partial_correlation import edge_graph, partial_correlations
from marketmap.precision import PrecisionFit, fit_precision
from marketmap.preparation.standardise import correlation, standardise
from marketmap.settings import ModelSettings
from marketmap.structure import Diagnostics, MarketStructure, Matrices


def fit_structure(
    returns: pd.DataFrame,
    settings: ModelSettings | None = None,
    labels: pd.DataFrame | None = None,
) -> MarketStructure:
    """Fit a market's structure to a table of returns.

    Each asset's returns are standardised. A missing return is set to the asset's mean, and counted;
    an asset that lacks more than a tenth of them is refused. The same returns and settings give the
    same result, on one core or on many.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_assets)
        Indexed by date, columns asset ids.
    settings : ModelSettings, optional
        The defaults are those of config.yaml.
    labels : DataFrame, optional
        ``symbol`` and ``name``, indexed by asset id; the id stands in for what is not given.

    Returns
    -------
    MarketStructure

    Raises
    ------
    DataError
        A column is not numeric, infinite, constant or has too many gaps; the message names it.
    NotEnoughDataError
        There are too few assets or days for these settings.
    FitError
        The model has no solution.

    Examples
    --------
    >>> import marketmap, numpy as np, pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=200)
    >>> noise = np.random.default_rng(0).normal(size=(200, 10))
    >>> structure = marketmap.fit_structure(pd.DataFrame(noise, index=days))
    >>> structure.precision.shape
    (10, 10)
    """
    settings = settings or ModelSettings()
    standardised, n_filled = standardise(returns)
    n_days = len(standardised)
    if n_days < 2 * settings.precision.folds:
        raise NotEnoughDataError(
            f"{n_days} days are too few for {settings.precision.folds} folds of cross-validation; "
            f"expected at least {2 * settings.precision.folds}"
        )
    ids = pd.Index(returns.columns.astype("str"), name="asset_id")
    with threadpool_limits(limits=1):  # so that the number of cores does not change a digit
        layouts = [embed(standardised, n, ids, settings.embedding) for n in (2, 3)]
        fit = fit_precision(pd.DataFrame(standardised, columns=ids), settings.precision)
        clustering = cluster_by_affinity(_labelled(fit.covariance, ids), settings.clustering)
    matrices = Matrices(
        correlation=_labelled(correlation(standardised), ids),
        covariance=_labelled(fit.covariance, ids),
        precision=_labelled(fit.precision, ids),
    )
    partial = partial_correlations(matrices.precision)
    graph = edge_graph(partial, settings.graph.edge_threshold)
    return MarketStructure(
        labels=_labels(ids, labels),
        clusterings={clustering.name: clustering},
        layouts={layout.name: layout for layout in layouts},
        graphs={graph.name: graph},
        cv_scores=fit.cv_scores,
        diagnostics=_diagnostics(returns, n_filled, matrices.correlation, fit),
        matrix_source=matrices,
    )


def _labelled(matrix: npt.NDArray[np.float64], ids: "pd.Index[str]") -> pd.DataFrame:
    return pd.DataFrame(matrix, index=ids, columns=ids)


def _labels(ids: "pd.Index[str]", labels: pd.DataFrame | None) -> pd.DataFrame:
    given = pd.DataFrame(index=ids)
    if labels is not None:
        labels = labels.set_axis(labels.index.astype("str"))
        if not labels.index.is_unique:
            twice = labels.index[labels.index.duplicated()][0]
            raise DataError(f"labels: asset {twice!r} is there twice; expected one row per asset")
        given = labels.reindex(ids)
    given = given.reindex(columns=["symbol", "name"]).astype("object")
    symbol = given["symbol"].where(given["symbol"].notna(), ids.to_series())
    name = given["name"].where(given["name"].notna(), symbol)
    return pd.DataFrame({"symbol": symbol.astype("str"), "name": name.astype("str")}, index=ids)


def _diagnostics(
    returns: pd.DataFrame, n_filled: int, correlations: pd.DataFrame, fit: PrecisionFit
) -> Diagnostics:
    eigenvalues = np.linalg.eigvalsh(fit.precision)
    days = pd.DatetimeIndex(returns.index)
    pairs = np.triu_indices(len(correlations), k=1)
    return Diagnostics(
        n_assets=returns.shape[1],
        n_days=returns.shape[0],
        window_start=days[0].date(),
        window_end=days[-1].date(),
        n_filled=n_filled,
        mean_correlation=float(correlations.to_numpy()[pairs].mean()),
        alpha=fit.alpha,
        failed_fits=int((~np.isfinite(fit.cv_scores["mean_score"])).sum()),
        converged=fit.converged,
        n_iter=fit.n_iter,
        duality_gap=fit.duality_gap,
        condition_number=float(eigenvalues[-1] / eigenvalues[0]),
    )
