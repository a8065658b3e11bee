"""What a fit leaves behind for a later one to start from."""

from dataclasses import dataclass

import numpy as np

from marketmap.errors import DataError
from marketmap.precision.problem import Solution, Vector


@dataclass(frozen=True, eq=False)
class Memory:
    """Solutions, and whose they are.

    Attributes
    ----------
    names : list
        What the assets are called: text where their columns were named by text, else numbers.
    solution : Solution
        The final fit's.
    folds : list of list of Solution
        Each fold's, near the penalty that was chosen.
    """

    names: list[object]
    solution: Solution
    folds: list[list[Solution]]

    def of_fold(self, number: int) -> list[Solution]:
        """Return the solutions that a fold starts from; of the last where there are more folds."""
        return self.folds[min(number, len(self.folds) - 1)]

    def for_market(self, names: list[object], deviation: Vector) -> "Memory":
        """Bring the solutions into the order of other assets, and into their unit.

        They are matched by name, where both have names, else by place. The unit is told from the
        assets' deviations: returns in percent can start from returns in shares of one.

        Parameters
        ----------
        names : list of length n_other_assets
        deviation : ndarray of shape (n_other_assets,)

        Raises
        ------
        DataError
            There are no names, and not as many assets.
        """
        if isinstance(names[0], str) and isinstance(self.names[0], str):
            place = {name: at for at, name in enumerate(self.names)}
            places = np.array([place.get(name, -1) for name in names])
        elif len(names) == len(self.names):
            places = np.arange(len(names))
        else:
            raise DataError(
                f"previous: was fitted to {len(self.names)} assets, X has {len(names)}; give both "
                "as tables whose columns are named by asset"
            )
        known = places >= 0
        ratios = deviation[known] / self.solution.deviation[places[known]]
        unit = float(np.median(ratios)) if known.any() else 1.0

        def brought(solution: Solution) -> Solution:
            return solution.reordered(places).rescaled(unit)

        return Memory(names, brought(self.solution), [[*map(brought, fold)] for fold in self.folds])
