import numpy as np
import pandas as pd
import pytest

from marketmap.embedding.base import Layout
from marketmap.embedding.locally_linear import embed
from marketmap.errors import NotEnoughDataError
from marketmap.settings import EmbeddingSettings
from tests.support.markets import factor_returns


def laid_out(returns: pd.DataFrame, n_dimensions: int, neighbours: int = 6) -> Layout:
    ids = pd.Index(returns.columns)
    return embed(returns.to_numpy(), n_dimensions, ids, EmbeddingSettings(neighbours=neighbours))


def test_space_has_a_third_dimension_of_its_own() -> None:
    layout = laid_out(factor_returns(), 3)
    assert layout.name == "lle_3d"
    assert layout.diagnostics.keys() == {"error"}
    positions = layout.positions.to_numpy()
    assert positions.shape == (15, 3)
    assert np.linalg.matrix_rank(positions - positions.mean(axis=0)) == 3


def test_assets_of_one_group_lie_closer_than_assets_of_two() -> None:
    positions = laid_out(factor_returns(), 2, neighbours=4).positions.to_numpy()
    distance = np.linalg.norm(positions[:, None] - positions[None, :], axis=2)
    group = np.arange(15) // 5
    same = group[:, None] == group[None, :]
    assert distance[same & ~np.eye(15, dtype=bool)].mean() < 0.5 * distance[~same].mean()


def test_the_longest_arm_of_each_axis_points_up() -> None:
    positions = laid_out(factor_returns(), 3).positions.to_numpy()
    assert (positions.max(axis=0) >= -positions.min(axis=0)).all()


def test_too_few_assets_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(NotEnoughDataError, match="expected at least 7"):
        laid_out(factor_returns(1, 6), 2)
