"""What comparisons of groupings give."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recovery:
    """How much of a simulated market's planted sectors a map finds again.

    Attributes
    ----------
    this : float
        Adjusted Rand index of this map's clusters against the planted sectors (1 is all of them).
    mean, worst : float
        The same over ``n_seeds`` simulated markets.
    n_seeds : int

    Examples
    --------
    >>> Recovery(this=1.0, mean=0.97, worst=0.9, n_seeds=10).worst
    0.9
    """

    this: float
    mean: float
    worst: float
    n_seeds: int
