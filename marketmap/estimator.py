"""Returns in, a :class:`MarketStructure` out: the model, and no input or output in it."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import validate_data
from threadpoolctl import threadpool_limits

from marketmap.clustering.affinity import AffinityPropagation
from marketmap.clustering.base import ClusteringMethod
from marketmap.config import read_settings
from marketmap.diagnosis import diagnose
from marketmap.doubts import warn_of_doubts
from marketmap.embedding.base import EmbeddingMethod
from marketmap.embedding.locally_linear import LocallyLinear
from marketmap.errors import NotEnoughDataError
from marketmap.graphs.partial_correlation import edge_graph, partial_correlations
from marketmap.precision.fit import fit_model, make_model
from marketmap.preparation.levels import check_returns
from marketmap.preparation.standardise import correlation, standardise
from marketmap.settings import MIN_DAYS, ModelSettings, PrecisionSettings
from marketmap.structure import MarketStructure, Matrices
from marketmap.tables import read_labels, read_rows, read_table

_USUAL_FOLDS = 5
"""Of scikit-learn where ``cv`` is None."""


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
            These are prices, or another level. A column is not numeric, infinite, constant or has
            too many gaps; the message names it.
        NotEnoughDataError
            There are too few assets or days.
        FitError
            The model has no solution.

        Warns
        -----
        UserWarning
            Some columns look like prices; or the structure is doubtful: there is none beyond
            chance, one asset is nearly the same as others together, or days are fewer than 30.
        """
        returns = self._table(X)
        check_returns(returns, stacklevel=3)
        self._fit(returns, labels)
        warn_of_doubts(self.structure_, stacklevel=3)
        return self

    def _fit(self, returns: pd.DataFrame, labels: pd.DataFrame | None) -> None:
        """Fit the structure to a table that is known to hold returns."""
        if not 0 <= self.edge_threshold <= 1:
            raise ValueError(f"edge_threshold={self.edge_threshold!r}: expected from 0 to 1")
        precision = _own(self.precision, make_model(PrecisionSettings()))
        standardised, n_filled = standardise(returns)
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
            labels=read_labels(labels, ids),
            clusterings={found.name: found},
            layouts={layout.name: layout for layout in embedding.layouts_},
            graphs={graph.name: graph},
            cv_scores=fit.cv_scores,
            diagnostics=diagnose(returns, n_filled, matrices.correlation, fit),
            matrix_source=matrices,
        )
        self.labels_: npt.NDArray[np.int64] = found.labels.to_numpy()
        self.precision_, self.covariance_ = fit.precision, fit.covariance
        self.alpha_ = fit.alpha

    def _table(self, X: Any) -> pd.DataFrame:
        """Return the returns as a table, and learn what its columns are called."""
        # Arrays, lists and what is sparse are scikit-learn's to check.
        if isinstance(X, pd.DataFrame | pd.Series | str | None) or (
            type(X) is dict or hasattr(X, "to_pandas")
        ):
            table = read_rows(X, "returns")
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
    settings: ModelSettings | Mapping[str, Any] | None = None,
    labels: pd.DataFrame | None = None,
    *,
    min_days: int = MIN_DAYS,
) -> MarketStructure:
    """Fit a market's structure to a table of returns by date, as settings say: see `MarketMap`.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_assets)
        Indexed by day (dates, daily periods or ISO text), columns asset ids.
    settings : ModelSettings or dict, optional
        The defaults are those of config.yaml; a dict is read as the part ``model`` there.
    labels : DataFrame, optional
        ``symbol`` and ``name``, indexed by asset id; the id stands in for what is not given.
    min_days : int, default=30
        Fewer days are refused, as by ``gates.min_days`` of config.yaml.

    Returns
    -------
    MarketStructure

    Raises
    ------
    DataError
        These are prices, or another level. A column is not numeric, infinite, constant or has too
        many gaps; the message names it.
    NotEnoughDataError
        There are too few assets or days for these settings.
    ConfigError
        The settings are wrong.
    FitError
        The model has no solution.

    Warns
    -----
    UserWarning
        Some columns look like prices; or the structure is doubtful: there is none beyond chance,
        one asset is nearly the same as others together, or days are fewer than 30.

    Examples
    --------
    >>> import marketmap, numpy as np, pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=200)
    >>> sectors = np.random.default_rng(0).normal(size=(200, 2)).repeat(5, axis=1)
    >>> noise = np.random.default_rng(1).normal(size=(200, 10))
    >>> structure = marketmap.fit_structure(pd.DataFrame(sectors + noise, index=days))
    >>> structure.precision.shape
    (10, 10)
    """
    chosen = read_settings(settings, ModelSettings)
    table = read_table(returns, "returns")
    if 0 < len(table) < min_days:
        raise NotEnoughDataError(
            f"returns: {len(table)} days are too few; expected at least {min_days} (min_days)"
        )
    check_returns(table, stacklevel=3)
    structure = fit_returns(table, chosen, labels)
    warn_of_doubts(structure, stacklevel=3)
    return structure


def fit_returns(
    returns: pd.DataFrame, settings: ModelSettings, labels: pd.DataFrame | None
) -> MarketStructure:
    """Fit the structure of what is known to be returns, without a word on what is doubtful."""
    model = MarketMap.from_settings(settings)
    model._fit(returns, labels)
    structure: MarketStructure = model.structure_
    return structure


def _own(part: Any, default: Any) -> Any:
    """Return a copy to fit, so that the parameter itself stays as it was given."""
    return default if part is None else clone(part)


def _check_days(n_days: int, precision: Any) -> None:
    folds = _USUAL_FOLDS if precision.cv is None else precision.cv
    if isinstance(folds, int | np.integer) and n_days < 2 * folds:
        raise NotEnoughDataError(
            f"{n_days} days are too few for {folds} folds of cross-validation; "
            f"expected at least {2 * folds}"
        )


def _labelled(matrix: npt.NDArray[np.float64], ids: "pd.Index[str]") -> pd.DataFrame:
    return pd.DataFrame(matrix, index=ids, columns=ids)
