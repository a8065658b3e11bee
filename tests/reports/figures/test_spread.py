import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import pdist

from reports.figures.spread import comfortable_distance, principal_axes, spread_out

BOX = (1000.0, 640.0)


@given(arrays(np.float64, (12, 2), elements=st.floats(-1, 1, width=32)))
def test_turning_changes_no_distance(positions: np.ndarray) -> None:
    assert pdist(principal_axes(positions)) == pytest.approx(pdist(positions), abs=1e-9)


def test_the_widest_direction_comes_first_and_its_longest_arm_points_up() -> None:
    along = np.array([-4.0, 0.0, 1.0, 2.0])
    turned = principal_axes(np.column_stack([0.1 * along**2, along]))

    assert np.ptp(turned[:, 0]) > np.ptp(turned[:, 1])
    assert turned[0, 0] == turned[:, 0].max() > 0


@given(
    arrays(np.float64, (30, 2), elements=st.floats(-1, 1, width=32)),
    st.integers(1, 5),
)
def test_no_two_points_lie_on_each_other(positions: np.ndarray, n_groups: int) -> None:
    spread = spread_out(positions, np.arange(30) % n_groups, BOX)

    assert np.isfinite(spread).all()
    assert pdist(spread).min() > 0.5 * comfortable_distance(BOX, 30)


def test_points_on_one_spot_part_by_group() -> None:
    groups = np.repeat([1, 2, 3, 4], 8)
    spread = spread_out(np.zeros((32, 2)), groups, BOX)

    centres = np.array([spread[groups == g].mean(axis=0) for g in (1, 2, 3, 4)])
    nearest = ((spread[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1) + 1
    assert (nearest == groups).mean() > 0.9


def test_long_arms_leave_room_for_the_rest() -> None:
    draw = np.random.default_rng(0)
    knot = np.vstack([draw.normal(0, 0.001, (39, 2)), [[1.0, 1.0]]])

    spread = spread_out(knot, np.ones(40, dtype=int), BOX)

    width = np.ptp(spread[:, 0])
    assert np.ptp(spread[:39, 0]) > 0.4 * width


def test_three_dimensions_are_spread_alike() -> None:
    spread = spread_out(np.zeros((20, 3)), np.ones(20, dtype=int), (1000.0,) * 3)

    assert spread.shape == (20, 3)
    assert pdist(spread).min() > 0.5 * comfortable_distance((1000.0,) * 3, 20)


def test_the_same_positions_are_spread_alike_every_time() -> None:
    positions = np.random.default_rng(1).normal(size=(25, 2))
    groups = np.arange(25) % 3

    assert (spread_out(positions, groups, BOX) == spread_out(positions, groups, BOX)).all()
