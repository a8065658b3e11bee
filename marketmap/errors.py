"""What can go wrong, as one tree.

::

    MarketmapError
    ├── ConfigError            config.yaml or an option is wrong: a person has to change it
    ├── DataError              a table or file holds what it must not hold; a ValueError, too
    │   └── NotEnoughDataError too few assets or days are left to make a map
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
    """Base of all errors that a user of marketmap can cause or meet."""


class ConfigError(MarketmapError):
    """A setting or an option is wrong."""


class DataError(MarketmapError, ValueError):
    """A table or file holds what it must not hold."""


class NotEnoughDataError(DataError):
    """Too few assets or days are left to make a map."""


class SourceError(MarketmapError):
    """A source answered with an error or with nonsense."""


class SourceDownError(SourceError):
    """A source did not answer; trying again later may help.

    Attributes
    ----------
    retry_after : float or None
        Seconds that the source asked to be left alone, where it said so.
    is_busy : bool
        Whether it said that it is asked too much.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, is_busy: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_busy = is_busy or retry_after is not None


class FitError(MarketmapError):
    """The model has no solution for these returns, or its solver failed."""


class StorageError(MarketmapError):
    """A database is missing, locked, damaged or of another version."""


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
