"""The penalty, chosen by a search that looks only where the best can be.

Penalties lie on a grid that is even in log(alpha). Going down it in long steps, the score rises to
its maximum and falls off; then parabolas through the best penalty and its neighbours (Brent,
"Algorithms for Minimization without Derivatives", 1973, section 5.2) lead to the best penalty of
the grid, and a last one to the maximum between the grid's. Since the grid does not depend on where
a search begins, it ends at the same penalty after a start from yesterday's fit as without, unless
the scores have several maxima and begin to prefer another one.
"""

import math

from marketmap.precision.folds import SAME, CrossValidation

_FIRST = 0.35
"""The first penalty that is looked at, as a share of that at which no asset is joined."""
_LAST = 0.01
"""The smallest that a search begins at, as a share of the same; the best is hardly ever below."""
_LOWEST = 1e-6
"""The smallest penalty that is looked at, as a share of the same."""
_RISES = 0.05
"""What the score gains at least, by log(alpha), where assets depend on others: in theory a half."""
_LONG_STEP = 2.0
"""Ratio of a penalty to the next while the maximum is not passed yet."""
_LESS = 0.5
"""Share of the last gain in score below which the maximum may be near."""
_LONG_STEP_WHERE_RUGGED = 1.5
"""Where the score may fall and rise again, steps are shorter, and it is over ..."""
_CLEAR_FALL, _FALLS = 0.6, 3
"""... once the score has fallen by so much (twice the deepest dip seen), or over so many steps."""


class Climb:
    """A search for the highest score on a grid, and between its penalties.

    Parameters
    ----------
    scored : CrossValidation
    unit : float
        One penalty of the grid.
    spacing : float
        Of the grid, in log(alpha).
    largest : float
        The penalty at which no asset is joined; none above it is visited.
    is_rugged : bool
        Whether the score may fall and rise again.
    """

    def __init__(
        self,
        scored: CrossValidation,
        unit: float,
        spacing: float,
        largest: float,
        *,
        is_rugged: bool,
    ) -> None:
        self._scored = scored
        self._unit = unit
        self._spacing = spacing
        self._top = math.floor(self._place(largest))
        self._bottom = math.floor(self._place(largest * _LOWEST))
        self._first = round(self._place(largest * _FIRST))
        self._last = round(self._place(largest * _LAST))
        self._is_rugged = is_rugged
        ratio = _LONG_STEP_WHERE_RUGGED if is_rugged else _LONG_STEP
        self._long_step = max(round(math.log(ratio) / spacing), 1)
        self._scores: dict[int, float] = {}

    def from_above(self) -> None:
        """Go down in long steps until the maximum is passed."""
        passed = self._rugged_maximum_passed if self._is_rugged else self._smooth_maximum_passed
        place = min(self._first, self._top)
        self._visit(place)
        while place - self._long_step >= self._bottom and not passed(place):
            place -= self._long_step
            self._visit(place)

    def _rugged_maximum_passed(self, place: int) -> bool:
        falls = self._best - place
        fall = self._scores[self._best] - self._scores[place]
        return falls >= _FALLS * self._long_step or fall > _CLEAR_FALL

    def _smooth_maximum_passed(self, place: int) -> bool:
        """Return whether the score falls; where it rises less than before, the slope is looked at.

        That spares the long step beyond the maximum, to the fits that take longest.
        """
        places = (place + back * self._long_step for back in (2, 1, 0))
        two, one, score = (self._scores.get(known, math.nan) for known in places)
        if self._best == place and score - one < _LESS * (one - two):
            self._visit(place + 1)
        return self._best != place

    def from_near(self, alpha: float) -> None:
        """Begin with the penalties round one that is likely to be good.

        Where the score is rugged, or hardly any assets are joined, there may be more than one
        maximum; where nearly all are, a fit takes long. Then it is begun from above all the same.
        """
        middle = round(self._place(alpha))
        if self._is_rugged or not self._last <= middle <= self._first:
            self.from_above()
        else:
            self._visit(middle, middle + 1, middle - 1)

    def close_in(self) -> float:
        """Find the best penalty of the grid; tell the best between it and its neighbours."""
        while (following := self._next()) is not None:
            self._visit(following)
        if not {self._best - 1, self._best + 1} <= set(self._scores):
            return self._alpha(self._best)  # at an end of the grid
        target = self._vertex(self._best - 1, self._best + 1)
        if abs(target - self._best) * self._spacing <= SAME:
            return self._alpha(self._best)
        return self._alpha(target)

    @property
    def has_no_end(self) -> bool:
        """Whether the score still rises at the smallest penalty that may be looked at.

        Where the best is to have no penalty, it comes to rest before.
        """
        if self._best != self._bottom or self._bottom + 1 not in self._scores:
            return False
        rise = self._scores[self._bottom] - self._scores[self._bottom + 1]
        return rise > _RISES * self._spacing

    @property
    def _best(self) -> int:
        return min(self._scores, key=lambda place: (-self._scores[place], place))

    def _next(self) -> int | None:
        """Return where on the grid to look next; None if the best has its neighbours."""
        best = self._best
        above = min((place for place in self._scores if place > best), default=None)
        below = max((place for place in self._scores if place < best), default=None)
        if above is None and best < self._top:
            return min(best + self._long_step, self._top)
        if below is None and best > self._bottom:
            return max(best - self._long_step, self._bottom)
        if above is None or below is None:  # at an end of the grid
            neighbour = best - 1 if above is None else best + 1
            is_new = neighbour not in self._scores and self._bottom <= neighbour <= self._top
            return neighbour if is_new else None
        if above - below == 2:
            return None
        target = self._vertex(below, above)
        if round(target) not in self._scores:
            return round(target)
        upwards = above - best > 1 and (target > best or best - below == 1)
        return best + 1 if upwards else best - 1

    def _vertex(self, below: int, above: int) -> float:
        """Return where the parabola through the best place and two others is highest."""
        best = self._best
        left = (best - below) * (self._scores[best] - self._scores[above])
        right = (best - above) * (self._scores[best] - self._scores[below])
        if not math.isfinite(left - right) or left == right:
            return best
        return best - ((best - below) * left - (best - above) * right) / (left - right) / 2.0

    def _visit(self, *places: int) -> None:
        new = [
            place
            for place in places
            if place not in self._scores and self._bottom <= place <= self._top
        ]
        for place, visit in zip(new, self._scored.visit(*map(self._alpha, new)), strict=True):
            self._scores[place] = visit.score

    def _place(self, alpha: float) -> float:
        return (math.log(alpha) - math.log(self._unit)) / self._spacing

    def _alpha(self, place: float) -> float:
        return self._unit * math.exp(place * self._spacing)
