"""The search for the best penalty, on scores that are known everywhere."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketmap.precision.climb import Climb
from marketmap.precision.folds import CrossValidation, Fold, Visit
from marketmap.precision.problem import Problem

SPACING = 0.1


class Known(CrossValidation):
    """Scores that a function of log(alpha) tells."""

    def __init__(self, score: Callable[[float], float]) -> None:
        identity = np.eye(2)
        fold = Fold(Problem(identity, range(2), "X"), identity)
        super().__init__([fold], 100, None, lambda visit: None)
        self._known = score

    def visit(self, *alphas: float) -> list[Visit]:
        new = [
            Visit(alpha, np.array([self._known(math.log(alpha))]), np.zeros(1), np.ones(1, bool))
            for alpha in alphas
        ]
        self.visits = sorted([*self.visits, *new], key=lambda visit: -visit.alpha)
        return new


def climbed(
    scored: Known, near: float | None = None, unit: float = 1.0, *, is_rugged: bool = False
) -> float:
    climb = Climb(scored, unit, SPACING, largest=1.0, is_rugged=is_rugged)
    if near is None:
        climb.from_above()
    else:
        climb.from_near(near)
    return math.log(climb.close_in())


@given(st.floats(-6.0, -0.2), st.floats(0.5, 50.0), st.floats(0.5, 2.0))
def test_the_highest_point_of_a_parabola_is_found(
    best: float, curvature: float, unit: float
) -> None:
    scored = Known(lambda x: -curvature * (x - best) ** 2)
    assert climbed(scored, unit=unit) == pytest.approx(best, abs=0.006)
    assert len(scored.visits) <= 14


@given(st.floats(-6.0, -0.2), st.floats(-4.0, 4.0), st.booleans())
def test_a_start_from_anywhere_ends_at_the_same_place(
    best: float, off: float, is_rugged: bool
) -> None:
    def score(x: float) -> float:
        return -3.0 * (math.exp(x - best) - (x - best))

    full = climbed(Known(score), is_rugged=is_rugged)
    warm = climbed(Known(score), near=math.exp(best + off), is_rugged=is_rugged)
    assert warm == pytest.approx(full, abs=0.006)


def test_a_start_from_the_best_visits_three_penalties() -> None:
    scored = Known(lambda x: -((x + 2.03) ** 2))
    assert climbed(scored, near=math.exp(-2.0)) == pytest.approx(-2.03)
    assert len(scored.visits) == 3


@pytest.mark.parametrize("near", [1e-4, 0.9])
def test_a_start_from_where_the_best_hardly_ever_is_begins_from_above(near: float) -> None:
    def score(x: float) -> float:
        return -((x + 2.0) ** 2)

    full, warm = Known(score), Known(score)
    assert climbed(warm, near=near) == climbed(full)
    assert [visit.alpha for visit in warm.visits] == [visit.alpha for visit in full.visits]


def test_long_steps_beyond_the_maximum_are_not_taken_where_the_score_is_smooth() -> None:
    scored = Known(lambda x: -10.0 * (x + 3.0) ** 2)
    climbed(scored)
    assert math.log(scored.visits[-1].alpha) > -3.0 - math.log(2.0)


def test_where_the_score_is_rugged_a_dip_does_not_hide_the_maximum_behind_it() -> None:
    def score(x: float) -> float:
        return 0.2 * math.exp(-20 * (x + 1.2) ** 2) + 0.5 * math.exp(-4 * (x + 2.6) ** 2)

    assert climbed(Known(score), is_rugged=True) == pytest.approx(-2.6, abs=0.02)


@pytest.mark.parametrize("is_rugged", [True, False])
def test_a_score_that_rises_to_the_end_is_followed_to_the_end(is_rugged: bool) -> None:
    down, up = Known(lambda x: -x), Known(lambda x: x)
    assert climbed(down, is_rugged=is_rugged) == pytest.approx(math.log(1e-6), abs=2 * SPACING)
    assert climbed(up, is_rugged=is_rugged) == pytest.approx(0.0, abs=2 * SPACING)


@pytest.mark.parametrize("is_rugged", [True, False])
def test_penalties_without_a_solution_are_left_behind(is_rugged: bool) -> None:
    scored = Known(lambda x: -math.inf if x < -2.5 else -((x + 3.0) ** 2))
    assert -2.5 <= climbed(scored, is_rugged=is_rugged) <= -2.5 + 2 * SPACING


def test_equal_scores_end() -> None:
    assert math.isfinite(climbed(Known(lambda x: 0.0)))
    assert math.isfinite(climbed(Known(lambda x: -math.inf)))
