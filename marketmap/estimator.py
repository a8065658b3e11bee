"""Returns in, a :class:`MarketStructure` out: the model, and no input or output in it."""

import warnings
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from marketmap.clustering.affinity import AffinityPropagation
from marketmap.clustering.base import ClusteringMethod
from marketmap.days import by_day
from marketmap.embedding.base import EmbeddingMethod
from marketmap.embedding.locally_linear import LocallyLinear
from marketmap.errors import DataError, NotEnoughDataError
from marketmap.graphs.partial_correlation import edge_graph, partial_correlations
from marketmap.precision.fit import PrecisionFit, fit_model, make_model
from marketmap.preparation.standardise import correlation, standardise
from marketmap.returns import check_columns, check_dates
from marketmap.settings import ModelSettings, PrecisionSettings
from marketmap.structure import Diagnostics, MarketStructure, Matrices

_USUAL_FOLDS = 5
"""Of scikit-learn where ``cv`` is None."""

_CHANGE_OF_PRICES = 0.2
"""The typical change in a day, as a share of the level, stays below this for any asset's price."""


class MarketMap(BaseEstimator):  # type: ignore[misc]
    """A market's structure, as a scikit-learn estimator of returns.

    Each asset's returns are standardised. A missing return is set to the asset's mean, and counted;
    an asset that lacks more than a tenth of them is refused. The same returns and parameters give
    the same result, on one core or on many.

    It is no clusterer of scikit-learn's: rows are days, and ``labels_`` are those of the columns.

    Parameters
    ----------
    precision : GraphicalLassoCV, optional
        How the sparse inverse covariance is fitted; as config.yaml has it by default.
    clustering : ClusteringMethod, optional
        :class:`AffinityPropagation` by default.
    embedding : EmbeddingMethod, optional
        :class:`LocallyLinear` by default.
    edge_threshold : float, default=0.02
        Partial correlations whose size is at most this are no edges.

    Attributes
    ----------
    labels_ : ndarray of shape (n_assets,)
        Each asset's cluster: 1 is the largest, 0 is noise.
    precision_, covariance_ : ndarray of shape (n_assets, n_assets)
        Of standardised returns.
    alpha_ : float
        The penalty that cross-validation chose.
    structure_ : MarketStructure
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_assets,)
        Where ``fit`` was given a table whose columns have names.

    Examples
    --------
    >>> import numpy as np
    >>> from marketmap import GraphicalLassoCV, MarketMap
    >>> sectors = np.random.default_rng(0).normal(size=(300, 2)).repeat(4, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(300, 8))
    >>> MarketMap().fit(sectors + noise).labels_
    array([1, 1, 1, 1, 2, 2, 2, 2])
    >>> MarketMap(precision=GraphicalLassoCV()).set_params(precision__tol=1e-6).get_params()[
    ...     "precision__tol"
    ... ]
    1e-06
    """

    def __init__(
        self,
        precision: Any = None,
        clustering: ClusteringMethod | None = None,
        embedding: EmbeddingMethod | None = None,
        edge_threshold: float = 0.02,
    ) -> None:
        self.precision = precision
        self.clustering = clustering
        self.embedding = embedding
        self.edge_threshold = edge_threshold

    @classmethod
    def from_settings(cls, settings: ModelSettings) -> Self:
        """Return the estimator that does what the settings of a map say, with their errors."""
        return cls(
            precision=make_model(settings.precision),
            clustering=AffinityPropagation(**settings.clustering.model_dump()),
            embedding=LocallyLinear(**settings.embedding.model_dump(), too_few="raise"),
            edge_threshold=settings.graph.edge_threshold,
        )

    def fit(self, X: Any, y: Any = None, *, labels: pd.DataFrame | None = None) -> Self:  # noqa: ARG002
        """Fit the structure.

        Parameters
        ----------
        X : DataFrame or array of shape (n_days, n_assets)
            Returns, the oldest first; columns of a DataFrame are asset ids. Dates are those of a
            DatetimeIndex, where there is one.
        y : ignored
        labels : DataFrame, optional
            ``symbol`` and ``name``, indexed by asset id; the id stands in for what is not given.

        Raises
        ------
        DataError
            A column is not numeric, infinite, constant or has too many gaps; the message names it.
        NotEnoughDataError
            There are too few assets or days.
        FitError
            The model has no solution.

        Warns
        -----
        UserWarning
            These look like prices.
        """
        if not 0 <= self.edge_threshold <= 1:
            raise ValueError(f"edge_threshold={self.edge_threshold!r}: expected from 0 to 1")
        returns = self._table(X)
        precision = _own(self.precision, make_model(PrecisionSettings()))
        standardised, n_filled = standardise(returns)
        _warn_of_prices(returns)
        _check_days(len(standardised), precision)
        ids = pd.Index(returns.columns.astype("str"), name="asset_id")
        table = pd.DataFrame(standardised, columns=ids)
        with threadpool_limits(limits=1):  # so that the number of cores does not change a digit
            embedding = _own(self.embedding, LocallyLinear()).fit(table)
            fit = fit_model(precision, table)
            matrices = Matrices(
                correlation=_labelled(correlation(standardised), ids),
                covariance=_labelled(fit.covariance, ids),
                precision=_labelled(fit.precision, ids),
            )
            clustering = _own(self.clustering, AffinityPropagation())
            clustering.fit(matrices.covariance)
        graph = edge_graph(partial_correlations(matrices.precision), self.edge_threshold)
        found = clustering.clustering_
        self.structure_ = MarketStructure(
            labels=_labels(ids, labels),
            clusterings={found.name: found},
            layouts={layout.name: layout for layout in embedding.layouts_},
            graphs={graph.name: graph},
            cv_scores=fit.cv_scores,
            diagnostics=_diagnostics(returns, n_filled, matrices.correlation, fit),
            matrix_source=matrices,
        )
        self.labels_: npt.NDArray[np.int64] = found.labels.to_numpy()
        self.precision_, self.covariance_ = fit.precision, fit.covariance
        self.alpha_ = fit.alpha
        return self

    def _table(self, X: Any) -> pd.DataFrame:
        """Return the returns as a table, and learn what its columns are called."""
        if isinstance(X, pd.DataFrame):
            # Its columns are checked by standardise, which names those that are wrong.
            check_columns(X, "returns")
            table = by_day(X, "returns")
            if isinstance(table.index, pd.DatetimeIndex):
                check_dates(table, "returns")
            validate_data(self, table, skip_check_array=True)
            return table
        values = validate_data(
            self,
            X,
            dtype=np.float64,
            order="C",  # so that the same numbers give the same digits
            ensure_all_finite=False,
            ensure_min_samples=2,
            ensure_min_features=2,
        )
        return pd.DataFrame(values, columns=getattr(self, "feature_names_in_", None))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def fit_structure(
    returns: pd.DataFrame,
    settings: ModelSettings | None = None,
    labels: pd.DataFrame | None = None,
) -> MarketStructure:
    """Fit a market's structure to a table of returns by date, as settings say: see `MarketMap`.

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
    returns = by_day(returns, "returns")
    check_dates(returns, "returns")
    model = MarketMap.from_settings(settings or ModelSettings()).fit(returns, labels=labels)
    structure: MarketStructure = model.structure_
    return structure


def _own(part: Any, default: Any) -> Any:
    """Return a copy to fit, so that the parameter itself stays as it was given."""
    return default if part is None else clone(part)


def _warn_of_prices(returns: pd.DataFrame) -> None:
    """Warn of what is above 0 and hardly changes: prices make a map as well, a meaningless one."""
    if returns.min().min() <= 0:
        return
    change = returns.diff().abs().median() / returns.median()
    if change.max() < _CHANGE_OF_PRICES:
        warnings.warn(
            "these look like prices: all above 0, and nearly the same from day to day; expected "
            "returns, such as those of marketmap.compute_returns",
            UserWarning,
            stacklevel=3,
        )


def _check_days(n_days: int, precision: Any) -> None:
    folds = _USUAL_FOLDS if precision.cv is None else precision.cv
    if isinstance(folds, int | np.integer) and n_days < 2 * folds:
        raise NotEnoughDataError(
            f"{n_days} days are too few for {folds} folds of cross-validation; "
            f"expected at least {2 * folds}"
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
    pairs = np.triu_indices(len(correlations), k=1)
    dated = isinstance(returns.index, pd.DatetimeIndex)
    return Diagnostics(
        n_assets=returns.shape[1],
        n_days=returns.shape[0],
        window_start=returns.index[0].date() if dated else None,
        window_end=returns.index[-1].date() if dated else None,
        n_filled=n_filled,
        mean_correlation=float(correlations.to_numpy()[pairs].mean()),
        alpha=fit.alpha,
        failed_fits=int((~np.isfinite(fit.cv_scores["mean_score"])).sum()),
        converged=fit.converged,
        n_iter=fit.n_iter,
        duality_gap=fit.duality_gap,
        condition_number=float(eigenvalues[-1] / eigenvalues[0]),
    )
