"""A run: one map, on one as-of day, under one hash of settings, with all that it found."""

import hashlib
from dataclasses import dataclass
from datetime import date

from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure
from marketmap.universe.select import Universe


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
    """

    this: float
    mean: float
    worst: float
    n_seeds: int


@dataclass(frozen=True, eq=False)
class MapRun:
    """What one run of a map found.

    Attributes
    ----------
    map : str
        The map's name.
    as_of : date
        The last day whose prices are in it.
    settings : MapSettings
    source : str
        The source's name, under which its prices are stored.
    universe : Universe
        The assets, their prices in the window, and what was excluded or repaired.
    structure : MarketStructure
    survivors_only : bool
        Whether the listing is of a later day, so that assets that vanished since are missing.
    recovery : Recovery or None
        Of simulated markets only; what has one can never be taken for a real market.
    notes : tuple of str
        Sentences that a reader of the map must know, such as which assets came too late.
    """

    map: str
    as_of: date
    settings: MapSettings
    source: str
    universe: Universe
    structure: MarketStructure
    survivors_only: bool = False
    recovery: Recovery | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether the market is made up."""
        return self.settings.source.kind == "simulated"

    @property
    def price_sources(self) -> dict[str, int]:
        """How many assets' prices come from where, the source of most first."""
        assets = self.universe.assets
        if "price_source" not in assets:
            return {self.source: len(assets)}
        return {str(name): int(n) for name, n in assets["price_source"].value_counts().items()}

    @property
    def run_id(self) -> str:
        """Sixteen hex digits that stand for map, as-of day and settings."""
        return run_id(self.map, self.as_of, self.settings)


def run_id(map_name: str, as_of: date, settings: MapSettings) -> str:
    """Return the id of a map's run on a day under some settings."""
    identity = f"{map_name}\n{as_of.isoformat()}\n{settings.digest}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
