import numpy as np
import pytest

from marketmap.embedding.locally_linear import embed
from marketmap.errors import NotEnoughDataError
from marketmap.settings import EmbeddingSettings
from tests.support.markets import factor_returns


def test_space_has_a_third_dimension_of_its_own() -> None:
    returns = factor_returns().to_numpy()
    positions = embed(returns, 3, EmbeddingSettings()).positions
    assert positions.shape == (15, 3)
    assert np.linalg.matrix_rank(positions - positions.mean(axis=0)) == 3


def test_assets_of_one_group_lie_closer_than_assets_of_two() -> None:
    positions = embed(factor_returns().to_numpy(), 2, EmbeddingSettings(neighbours=4)).positions
    distance = np.linalg.norm(positions[:, None] - positions[None, :], axis=2)
    group = np.arange(15) // 5
    same = group[:, None] == group[None, :]
    assert distance[same & ~np.eye(15, dtype=bool)].mean() < 0.5 * distance[~same].mean()


def test_the_longest_arm_of_each_axis_points_up() -> None:
    positions = embed(factor_returns().to_numpy(), 3, EmbeddingSettings()).positions
    assert (positions.max(axis=0) >= -positions.min(axis=0)).all()


def test_too_few_assets_are_refused_with_the_number_that_is_needed() -> None:
    with pytest.raises(NotEnoughDataError, match="expected at least 7"):
        embed(factor_returns(1, 6).to_numpy(), 2, EmbeddingSettings())
