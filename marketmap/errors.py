"""What can go wrong, as one tree.

::

    MarketmapError
    ├── ConfigError            config.yaml or an option is wrong: a person has to change it
    ├── DataError              a table or file holds what it must not hold; a ValueError, too
    │   ├── NotEnoughDataError too few assets or days are left to make a map
    │   └── NoSessionError     the market was closed on the as-of day
    ├── SourceError            a source answered, but with an error or with nonsense
    │   └── SourceDownError    a source did not answer: trying again later may help
    ├── FitError               the model has no solution, or the solver failed to find it
    └── StorageError           a database is missing, locked, damaged or of another version

Every message is one line that says what, where and what was expected. The command line prints it
and ends with exit code 2; nothing has been stored by halves.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class MarketmapError(Exception):
    """Base of all errors that a user of marketmap can cause or meet.

    Examples
    --------
    >>> import marketmap, pandas as pd
    >>> try:
    ...     marketmap.compute_returns(pd.DataFrame({"btc": [1.0, 2.0]}), kind="weekly")
    ... except marketmap.MarketmapError as error:
    ...     print(error)
    returns of kind 'weekly' are not known; expected one of: log, simple, intraday
    """


class ConfigError(MarketmapError):
    """A setting or an option is wrong.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> try:
    ...     marketmap.load_config(Path("nowhere.yaml"))
    ... except ConfigError as error:
    ...     print("nowhere.yaml" in str(error))
    True
    """


class DataError(MarketmapError, ValueError):
    """A table or file holds what it must not hold.

    Examples
    --------
    >>> import marketmap, pandas as pd
    >>> prices = pd.DataFrame({"btc": [1.0, -2.0]}, index=pd.date_range("2026-01-01", periods=2))
    >>> try:
    ...     marketmap.compute_returns(prices)
    ... except ValueError as error:
    ...     print(str(error).split(";")[0])
    closes: btc has a price of -2.0 on 2026-01-02
    """


class NotEnoughDataError(DataError):
    """Too few assets or days are left to make a map.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> try:
    ...     marketmap.MarketMap().fit(np.eye(9, 3))
    ... except NotEnoughDataError as error:
    ...     print(error)
    9 days are too few for 5 folds of cross-validation; expected at least 10
    """


class NoSessionError(DataError):
    """The as-of day is no session: the market was closed, so that no map is of this day.

    Examples
    --------
    >>> issubclass(NoSessionError, DataError)
    True
    """


class SourceError(MarketmapError):
    """A source answered with an error or with nonsense.

    Examples
    --------
    >>> try:
    ...     raise SourceError("CoinMarketCap: the listing is empty")
    ... except MarketmapError as error:
    ...     print(error)
    CoinMarketCap: the listing is empty
    """


class SourceDownError(SourceError):
    """A source did not answer; trying again later may help.

    Attributes
    ----------
    retry_after : float or None
        Seconds that the source asked to be left alone, where it said so.
    is_busy : bool
        Whether it said that it is asked too much.
    is_unreachable : bool
        Whether there was not even a connection: no such host, no network, nobody who listens.

    Examples
    --------
    >>> SourceDownError("CoinMarketCap: status 429", retry_after=30.0).is_busy
    True
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        is_busy: bool = False,
        is_unreachable: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_busy = is_busy or retry_after is not None
        self.is_unreachable = is_unreachable


class FitError(MarketmapError):
    """The model has no solution for these returns, or its solver failed.

    Examples
    --------
    >>> import marketmap, numpy as np
    >>> similarity = np.kron(np.eye(2), np.full((3, 3), 0.8)) + 0.1
    >>> try:
    ...     marketmap.AffinityPropagation(max_iter=1).fit(similarity)
    ... except FitError as error:
    ...     print(str(error).split(";")[0])
    affinity propagation found no exemplar in 1 iterations
    """


class StorageError(MarketmapError):
    """A database is missing, locked, damaged or of another version.

    Examples
    --------
    >>> issubclass(StorageError, MarketmapError)
    True
    """


def refuse_columns(
    table: str, names: Sequence[object], wrong: npt.NDArray[np.bool_], what: str
) -> None:
    """Raise a DataError that names the first column that is wrong, if any is.

    Parameters
    ----------
    table : str
        What the table is called.
    names : sequence of length n_columns
    wrong : ndarray of shape (n_columns,)
    what : str
        What is wrong with such a column: the end of the sentence.
    """
    if wrong.any():
        others = f" (and {wrong.sum() - 1} more)" if wrong.sum() > 1 else ""
        raise DataError(f"{table}: column {names[int(wrong.argmax())]!r}{others} {what}")
