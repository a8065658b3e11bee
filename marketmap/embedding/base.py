"""What every layout method takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import pandas as pd

from marketmap.printing import brief


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions of assets.

    Attributes
    ----------
    name : str
        Such as ``lle_2d``.
    positions : DataFrame of shape (n_assets, 2 or 3), indexed by asset_id
        Columns x, y and, in space, z; without unit.
    diagnostics : mapping of str to number

    Examples
    --------
    >>> import pandas as pd
    >>> positions = pd.DataFrame({"x": [0.0, 1.0], "y": [1.0, 0.0]}, index=["btc", "eth"])
    >>> Layout("by_hand", positions, {}).positions.loc["eth", "x"]
    np.float64(1.0)
    """

    name: str
    positions: pd.DataFrame
    diagnostics: Mapping[str, float]

    def __repr__(self) -> str:
        return brief(self)


class EmbeddingMethod(Protocol):
    """A scikit-learn estimator that lays assets out, once or several times."""

    layouts_: Sequence[Layout]

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:
        """Lay assets out.

        Parameters
        ----------
        X : DataFrame of shape (n_days, n_assets), columns asset ids
            Standardised returns without gaps.
        y : ignored
        """
        ...
