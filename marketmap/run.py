"""A run: one map, on one as-of day, under one hash of settings; its inputs, and what it found."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from marketmap.printing import brief
from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure
from marketmap.universe.select import Universe


@dataclass(frozen=True, eq=False)
class MapInputs:
    """All that one run of a map is made from; plain data that can be sent to another process.

    Attributes
    ----------
    map : str
        The map's name.
    as_of : date
        The last day whose prices are in it.
    settings : MapSettings
    source : str
        The name of the map's source, under which its prices are stored.
    listing, prices : DataFrame
        As :mod:`marketmap.frames` describes them; of prices at least those of the window.
    price_sources : Series of str
        Whose prices each asset's are, by asset id.
    survivors_only : bool
        Whether the listing is of a later day, so that assets that vanished since are missing.
    notes : tuple of str
        Sentences that a reader of the map must know, such as which assets came too late.
    refused : dict of str to str
        Assets about whose prices the source contradicts itself, by id, and how, in a sentence.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> inputs = marketmap.MapInputs(
    ...     map="demo",
    ...     as_of=source.end,
    ...     settings=settings,
    ...     source=market.name,
    ...     listing=listing,
    ...     prices=prices,
    ...     price_sources=listing.set_index("asset_id")["symbol"].map(lambda _: market.name),
    ... )
    >>> inputs.as_of
    datetime.date(2025, 12, 31)
    """

    map: str
    as_of: date
    settings: MapSettings
    source: str
    listing: pd.DataFrame
    prices: pd.DataFrame
    price_sources: "pd.Series[str]"
    survivors_only: bool = False
    notes: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return brief(self)


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
    notes : tuple of str
        Sentences that a reader of the map must know, such as which assets came too late.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> inputs = marketmap.MapInputs(
    ...     map="demo",
    ...     as_of=source.end,
    ...     settings=settings,
    ...     source=market.name,
    ...     listing=listing,
    ...     prices=prices,
    ...     price_sources=listing.set_index("asset_id")["symbol"].map(lambda _: market.name),
    ... )
    >>> run = marketmap.compute_run(inputs)
    >>> run.is_simulated, run.price_sources
    (True, {'simulated:0:20:120:2025-12-31': 19})
    """

    map: str
    as_of: date
    settings: MapSettings
    source: str
    universe: Universe
    structure: MarketStructure
    survivors_only: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        n_clusters = self.structure.clusters.n_clusters
        return (
            f"MapRun: {self.map} on {self.as_of}, {len(self.universe.assets)} assets of "
            f"{self.source} in {n_clusters} clusters, run {self.run_id}"
        )

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


@dataclass(frozen=True, eq=False)
class Finding:
    """What was learned about a run afterwards; it can be replaced without touching the run.

    Attributes
    ----------
    kind : str
        Such as ``recovery``. A run has one finding of a kind under one hash of its settings.
    run_id : str
    as_of : date
        Of the run that it is about.
    basis : tuple of str
        The ids of all runs that it rests on. It is stale once one of them has been made again and
        came out otherwise.
    settings_digest : str
        Stands for the finding's own settings.
    tables : mapping of str to DataFrame
        Its rows, by the name of the table that they belong to.

    Examples
    --------
    >>> table = pd.DataFrame({"mean": [0.97]})
    >>> finding = Finding(
    ...     kind="recovery",
    ...     run_id="749691f81e0e20d6",
    ...     as_of=date(2025, 12, 31),
    ...     basis=("749691f81e0e20d6",),
    ...     settings_digest="",
    ...     tables={"recovery": table},
    ... )
    >>> list(finding.tables)
    ['recovery']
    """

    kind: str
    run_id: str
    as_of: date
    basis: tuple[str, ...]
    settings_digest: str
    tables: Mapping[str, pd.DataFrame]

    def __repr__(self) -> str:
        return brief(self)
