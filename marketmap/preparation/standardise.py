"""Returns as the model takes them: mean 0, variance 1, gaps set to the mean."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import DataError, NotEnoughDataError, refuse_columns
from marketmap.returns import STILL

MAX_MISSING = 0.1
"""The largest share of an asset's returns that may be missing."""


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
        A column is not numeric, infinite, constant or has too many gaps; the message names it.
    NotEnoughDataError
        The table is empty.
    """
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


def correlation(standardised: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the correlation matrix, exactly symmetric, of shape (n_assets, n_assets)."""
    matrix = np.atleast_2d(np.corrcoef(standardised.T))
    return (matrix + matrix.T) / 2.0  # NumPy's own differs from its mirror image in last digits
