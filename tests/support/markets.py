"""Small tables of returns with a structure that tests know."""

import numpy as np
import pandas as pd


def factor_returns(
    n_groups: int = 3, group_size: int = 5, n_days: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Draw returns of shape (n_days, n_assets); asset i belongs to group i // group_size."""
    draw = np.random.default_rng(seed)
    market = draw.normal(size=(n_days, 1))
    groups = draw.normal(size=(n_days, n_groups)).repeat(group_size, axis=1)
    own = draw.normal(size=(n_days, n_groups * group_size))
    values = 0.01 * (0.4 * market + 0.7 * groups + 0.6 * own)
    days = pd.date_range("2024-01-01", periods=n_days, freq="D")
    return pd.DataFrame(values, index=days, columns=[f"a{i:02d}" for i in range(values.shape[1])])
