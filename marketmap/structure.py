"""The heart: returns in, a frozen :class:`MarketStructure` out, and no input or output in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from marketmap.clustering import Clustering, cluster_by_affinity
from marketmap.embedding.locally_linear import Embedding, embed
from marketmap.errors import DataError, NotEnoughDataError, refuse_columns
from marketmap.graphs.partial_correlation import build_graph, partial_correlations, strongest_edges
from marketmap.precision import PrecisionFit, fit_precision
from marketmap.returns import STILL, check_dates
from marketmap.settings import ModelSettings

MAX_MISSING = 0.1
"""The largest share of an asset's returns that may be missing."""


@dataclass(frozen=True)
class Diagnostics:
    """What a reader needs in order to trust a map, or not to.

    Attributes
    ----------
    n_assets, n_days : int
        Shape of the returns.
    window_start, window_end : date
        First and last day that has a return.
    n_filled : int
        Returns that were missing and set to the asset's mean.
    alpha : float
        The penalty that cross-validation chose.
    failed_fits : int
        Grid points of the cross-validation whose score is -inf or NaN.
    converged : bool
        Whether the final fit reached its tolerance.
    n_iter : int
        Iterations of the final fit.
    duality_gap : float
        Of the final fit; how far it may be from the optimum.
    condition_number : float
        Of the precision matrix, in the 2-norm.
    clusters_converged : bool
        Whether affinity propagation settled.
    cluster_iterations : int
    n_clusters : int
    n_edges : int
    embedding_error_2d, embedding_error_3d : float
        Reconstruction error of the locally linear embeddings.
    """

    n_assets: int
    n_days: int
    window_start: date
    window_end: date
    n_filled: int
    alpha: float
    failed_fits: int
    converged: bool
    n_iter: int
    duality_gap: float
    condition_number: float
    clusters_converged: bool
    cluster_iterations: int
    n_clusters: int
    n_edges: int
    embedding_error_2d: float
    embedding_error_3d: float


@dataclass(frozen=True, eq=False)
class MarketStructure:
    """A market's structure over one window of returns.

    Attributes
    ----------
    assets : DataFrame of shape (n_assets, 4), indexed by asset_id
        ``symbol``, ``name``, ``cluster`` (int, 1 is the largest) and ``is_exemplar`` (bool).
    correlation : DataFrame of shape (n_assets, n_assets)
        Of the returns; missing ones count as the asset's mean.
    covariance : DataFrame of shape (n_assets, n_assets)
        The model's, of standardised returns.
    precision : DataFrame of shape (n_assets, n_assets)
        Its sparse inverse.
    positions : mapping of str to DataFrame, indexed by asset_id
        ``lle_2d`` with columns x, y and ``lle_3d`` with columns x, y, z.
    cv_scores : DataFrame of shape (n_alphas, 3)
        ``alpha``, ``mean_score`` and ``std_score`` (log-likelihood a day, out of sample),
        by rising alpha; -inf where fits failed.
    diagnostics : Diagnostics
    edge_threshold : float
        Partial correlations whose size is at most this are no edges.
    """

    assets: pd.DataFrame
    correlation: pd.DataFrame
    covariance: pd.DataFrame
    precision: pd.DataFrame
    positions: Mapping[str, pd.DataFrame]
    cv_scores: pd.DataFrame
    diagnostics: Diagnostics
    edge_threshold: float

    @cached_property
    def partial_correlation(self) -> pd.DataFrame:
        """Minus the scaled precision, with ones on the diagonal; shape (n_assets, n_assets)."""
        return partial_correlations(self.precision)

    @cached_property
    def edges(self) -> pd.DataFrame:
        """The edges, strongest first: asset_id_a, asset_id_b, partial_correlation."""
        return strongest_edges(self.partial_correlation, self.edge_threshold)

    @cached_property
    def graph(self) -> "nx.Graph[str]":
        """The edges as a graph; its attributes are those of ``build_graph``."""
        return build_graph(self.assets, self.edges)


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
        plane = embed(standardised, 2, settings.embedding)
        space = embed(standardised, 3, settings.embedding)
        fit = fit_precision(pd.DataFrame(standardised, columns=ids), settings.precision)
        clustering = cluster_by_affinity(fit.covariance, settings.clustering)
    precision = _labelled(fit.precision, ids)
    threshold = settings.graph.edge_threshold
    n_edges = len(strongest_edges(partial_correlations(precision), threshold))
    return MarketStructure(
        assets=_assets(ids, clustering, labels),
        correlation=_labelled(_correlation(standardised), ids),
        covariance=_labelled(fit.covariance, ids),
        precision=precision,
        positions={
            "lle_2d": pd.DataFrame(plane.positions, index=ids, columns=["x", "y"]),
            "lle_3d": pd.DataFrame(space.positions, index=ids, columns=["x", "y", "z"]),
        },
        cv_scores=fit.cv_scores,
        diagnostics=_diagnostics(returns, n_filled, fit, clustering, plane, space, n_edges),
        edge_threshold=threshold,
    )


def standardise(returns: pd.DataFrame) -> tuple[npt.NDArray[np.float64], int]:
    """Give every asset's returns mean 0 and variance 1, and set missing ones to 0.

    Returns
    -------
    standardised : ndarray of shape (n_days, n_assets)
    n_filled : int
        How many returns were missing.

    Raises
    ------
    DataError
        See :func:`fit_structure`.
    """
    check_dates(returns, "returns")
    if returns.empty:
        raise NotEnoughDataError(f"returns: the table is empty, of shape {returns.shape}")
    try:
        values = returns.to_numpy(dtype="float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        text = returns.columns[[not pd.api.types.is_numeric_dtype(t) for t in returns.dtypes]][0]
        raise DataError(f"returns: column {text!r} is not numeric ({error})") from None
    names = list(returns.columns)
    refuse_columns("returns", names, np.isinf(values).any(axis=0), "holds an infinite return")
    missing = np.isnan(values)
    refuse_columns(
        "returns",
        names,
        missing.mean(axis=0) > MAX_MISSING,
        f"lacks more than {MAX_MISSING:.0%} of its returns; leave it out or shorten the window",
    )
    centred = values - np.nanmean(values, axis=0)
    deviation = np.sqrt(np.nanmean(centred**2, axis=0))
    scale = np.nanmax(np.abs(values), axis=0)
    still = deviation <= STILL * scale
    refuse_columns("returns", names, still, "never moves: its returns are all the same")
    return np.where(missing, 0.0, centred / deviation), int(missing.sum())


def _correlation(standardised: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    matrix = np.atleast_2d(np.corrcoef(standardised.T))
    return (matrix + matrix.T) / 2.0  # NumPy's own differs from its mirror image in last digits


def _labelled(matrix: npt.NDArray[np.float64], ids: "pd.Index[str]") -> pd.DataFrame:
    return pd.DataFrame(matrix, index=ids, columns=ids)


def _assets(
    ids: "pd.Index[str]", clustering: Clustering, labels: pd.DataFrame | None
) -> pd.DataFrame:
    given = pd.DataFrame(index=ids)
    if labels is not None:
        labels = labels.set_axis(labels.index.astype("str"))
        if not labels.index.is_unique:
            twice = labels.index[labels.index.duplicated()][0]
            raise DataError(f"labels: asset {twice!r} is there twice; expected one row per asset")
        given = labels.reindex(ids)
    given = given.reindex(columns=["symbol", "name"]).astype("object")
    symbol = given["symbol"].where(given["symbol"].notna(), ids.to_series())
    is_exemplar = np.zeros(len(ids), dtype=bool)
    is_exemplar[clustering.exemplars] = True
    return pd.DataFrame(
        {
            "symbol": symbol.astype("str"),
            "name": given["name"].where(given["name"].notna(), symbol).astype("str"),
            "cluster": clustering.labels,
            "is_exemplar": is_exemplar,
        },
        index=ids,
    )


def _diagnostics(
    returns: pd.DataFrame,
    n_filled: int,
    fit: PrecisionFit,
    clustering: Clustering,
    plane: Embedding,
    space: Embedding,
    n_edges: int,
) -> Diagnostics:
    eigenvalues = np.linalg.eigvalsh(fit.precision)
    days = pd.DatetimeIndex(returns.index)
    return Diagnostics(
        n_assets=returns.shape[1],
        n_days=returns.shape[0],
        window_start=days[0].date(),
        window_end=days[-1].date(),
        n_filled=n_filled,
        alpha=fit.alpha,
        failed_fits=int((~np.isfinite(fit.cv_scores["mean_score"])).sum()),
        converged=fit.converged,
        n_iter=fit.n_iter,
        duality_gap=fit.duality_gap,
        condition_number=float(eigenvalues[-1] / eigenvalues[0]),
        clusters_converged=clustering.converged,
        cluster_iterations=clustering.n_iter,
        n_clusters=len(clustering.exemplars),
        n_edges=n_edges,
        embedding_error_2d=plane.error,
        embedding_error_3d=space.error,
    )
