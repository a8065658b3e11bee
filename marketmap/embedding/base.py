"""What every layout method gives."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


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
    """

    name: str
    positions: pd.DataFrame
    diagnostics: Mapping[str, float]
