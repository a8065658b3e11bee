import numpy as np
import pandas as pd
import pytest

from marketmap.embedding.base import Layout
from marketmap.embedding.locally_linear import LocallyLinear
from marketmap.errors import NotEnoughDataError
from tests.support.markets import factor_returns


def laid_out(returns: pd.DataFrame, n_dimensions: int, neighbours: int = 6) -> Layout:
    model = LocallyLinear(neighbours, dimensions=[n_dimensions], too_few="raise").fit(returns)
    assert len(model.layouts_) == 1
    return model.layouts_[0]


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


@pytest.mark.parametrize("n_assets", [2, 3, 5, 6])
def test_fewer_assets_than_wanted_are_laid_out_with_the_neighbours_there_are(n_assets: int) -> None:
    plane, space = LocallyLinear().fit(factor_returns(1, n_assets)).layouts_
    for layout, axes in ((plane, ["x", "y"]), (space, ["x", "y", "z"])):
        assert layout.diagnostics["neighbours"] == n_assets - 1
        assert layout.positions.columns.tolist() == axes
        assert np.isfinite(layout.positions).all(axis=None)
        assert len(layout.positions.drop_duplicates()) == n_assets
    assert (plane.positions["y"] == 0).all() == (n_assets == 2)


def test_enough_assets_have_the_neighbours_they_were_told() -> None:
    (plane,) = LocallyLinear(dimensions=[2]).fit(factor_returns(1, 7)).layouts_
    assert plane.diagnostics.keys() == {"error"}


def test_a_single_asset_has_no_place() -> None:
    with pytest.raises(NotEnoughDataError, match="1 assets are too few"):
        LocallyLinear().fit(factor_returns(1, 1))


def test_what_to_do_with_too_few_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="expected 'shrink' or 'raise'"):
        LocallyLinear(too_few="pad").fit(factor_returns())
