"""Everything a map can be told, with its default, its unit and its bounds.

``config.yaml`` holds the same settings, with a comment each; this module checks them. Unknown keys
are refused, so that a mistyped one cannot pass in silence.
"""

import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from marketmap.settings_base import STORED, Settings, later

ReturnKind = Literal["log", "simple", "intraday"]
RankBy = Literal["auto", "market_cap", "turnover"]
Fraction = Annotated[float, Field(ge=0, le=1)]
Penalties = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]

MIN_DAYS = 30
"""With fewer days correlations are mostly chance."""

EXCLUDED_TAGS = (
    "stablecoin",
    "wrapped-tokens",
    "liquid-staking-derivatives",
    "liquid-restaking-tokens",
    "tokenized-gold",
    "tokenized-silver",
    "tokenized-commodities",
    "tokenized-assets",
    "tokenized-stock",
)
"""Stablecoins, wrapped and staked twins, and what stands for things outside of the market."""


class ExchangeSettings(Settings):
    """An exchange's public daily candles through ccxt (``marketmap[ccxt]``).

    Examples
    --------
    >>> ExchangeSettings(kind="ccxt", exchange="kraken", quote="USD").source_name
    'ccxt:kraken'
    """

    kind: Literal["ccxt"]
    exchange: str = Field(pattern="^[a-z0-9_]+$")
    quote: str = Field("USDT", pattern="^[A-Z0-9]+$")
    base_url: str | None = Field(None, pattern="^https?://", exclude=True)

    @property
    def source_name(self) -> str:
        """Under which its prices are stored."""
        return f"ccxt:{self.exchange}"


class CoinMarketCapSettings(Settings):
    """CoinMarketCap's public endpoints: prices in US dollars, days that end at midnight UTC.

    Examples
    --------
    >>> kraken = ExchangeSettings(kind="ccxt", exchange="kraken")
    >>> CoinMarketCapSettings(kind="coinmarketcap", fallback=kraken).fallback.quote
    'USDT'
    """

    kind: Literal["coinmarketcap"]
    base_url: str = Field(
        "https://api.coinmarketcap.com/data-api/v3",
        pattern="^https?://",
        exclude=True,  # where the same data is fetched from does not make it another map
    )
    # Where the prices of coins come from that CoinMarketCap does not give.
    fallback: ExchangeSettings | None = later(None, neutral=None)


FileColumn = Literal[
    "date", "symbol", "name", "open", "high", "low", "close", "volume", "market_cap", "turnover"
]


class FilesSettings(Settings):
    """A file of prices; a relative ``path`` starts at config.yaml's folder.

    What is None is found out from the file, which is refused where two readings fit.

    Examples
    --------
    >>> FilesSettings(kind="files", path="prices.csv").calendar
    'daily'
    """

    kind: Literal["files"]
    path: Path
    calendar: Literal["daily", "sessions"] = "daily"
    # What the file calls its columns.
    columns: dict[FileColumn, str] = later({}, neutral={})
    date_format: str | None = later(None, neutral=None)
    separator: str | None = later(None, neutral=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = later(None, neutral=None)
    # Of two rows of one day that differ, the last one counts, or there is no map; by default,
    # the asset is left out of maps in whose window the day is.
    duplicates: Literal["last", "refuse"] | None = later(None, neutral=None)

    @field_validator("separator", mode="before")
    @classmethod
    def _tab_has_a_name(cls, separator: object) -> object:
        return "\t" if separator in ("tab", "\\t") else separator

    @field_validator("date_format")
    @classmethod
    def _names_a_whole_day(cls, date_format: str | None) -> str | None:
        if date_format is not None and date(2024, 1, 31) != _written_and_read(date_format):
            raise ValueError("expected a format of a day, such as '%d/%m/%Y' or '%m/%d/%Y'")
        return date_format


def _written_and_read(date_format: str) -> date | None:
    """Return what becomes of 2024-01-31 when it is written in a format and read again."""
    if not any(f"%{year}" in date_format for year in "YyGcx"):
        return None  # newer Pythons warn of reading a day without a year
    try:
        text = datetime(2024, 1, 31, tzinfo=UTC).strftime(date_format)
        return datetime.strptime(text, date_format).date()
    except ValueError:
        return None


class SimulatedSettings(Settings):
    """A seeded market with planted sectors and the flaws of real ones.

    Examples
    --------
    >>> SimulatedSettings(kind="simulated", seed=3).n_assets
    60
    """

    kind: Literal["simulated"]
    seed: int = Field(0, ge=0)
    n_assets: int = Field(60, ge=16)
    n_days: int = Field(365, ge=120)
    end: date = date(2025, 12, 31)


SourceSettings = Annotated[
    CoinMarketCapSettings | ExchangeSettings | FilesSettings | SimulatedSettings,
    Field(discriminator="kind"),
]

REMOTE_KINDS = ("coinmarketcap", "ccxt")
"""Kinds of sources of which answers are archived: asking them costs requests."""


class UniverseSettings(Settings):
    """Which assets are asked for, and how many of them the map shows.

    Examples
    --------
    >>> UniverseSettings(size=100).n_candidates
    150
    """

    size: int = Field(100, ge=2)
    candidates: PositiveInt | None = None
    rank_by: RankBy = "auto"
    excluded_tags: tuple[str, ...] = EXCLUDED_TAGS
    excluded_assets: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _more_candidates_than_places(self) -> "UniverseSettings":
        if self.candidates is not None and self.candidates < self.size:
            raise ValueError(f"candidates ({self.candidates}) must be at least size ({self.size})")
        return self

    @property
    def n_candidates(self) -> int:
        """How many assets are asked for: half as many again as the map shows, unless told."""
        return self.candidates or -(-self.size * 3 // 2)


class GateSettings(Settings):
    """When an asset's prices are not fit to be mapped.

    Examples
    --------
    >>> GateSettings(min_assets=20).jump
    3.0
    """

    # A missing price costs two returns, of which the model takes a tenth missing at the most.
    max_missing: float = Field(0.02, ge=0, le=0.05)
    pegged_volatility: float = Field(0.003, ge=0)
    foreign_volatility_ratio: float = Field(0.2, ge=0)
    foreign_correlation: Fraction = 0.5
    max_frozen: Fraction = 0.2
    max_frozen_run: PositiveInt = 7
    twin_correlation: Fraction = 0.98
    twin_days: int = Field(60, ge=3)
    jump: float = Field(3.0, gt=1)
    min_assets: int = Field(10, ge=2)
    min_days: int = Field(MIN_DAYS, ge=3)
    min_on_day: Fraction = 0.95


class PrecisionSettings(Settings):
    """How the sparse inverse covariance is fitted.

    Examples
    --------
    >>> PrecisionSettings(alphas=[0.1, 0.2]).alphas
    (0.1, 0.2)
    """

    method: Literal["marketmap", "scikit-learn"] = "marketmap"
    alphas: Annotated[int, Field(ge=2)] | Penalties = 4
    refinements: PositiveInt = 4
    folds: int = Field(5, ge=2)
    tol: float = Field(1e-4, gt=0)
    enet_tol: float | None = Field(None, gt=0)
    max_iter: PositiveInt = 200

    @model_validator(mode="after")
    def _only_what_the_method_knows(self) -> "PrecisionSettings":
        if self.method == "marketmap" and self.enet_tol is not None:
            raise ValueError("enet_tol has a meaning with method: scikit-learn only; leave it out")
        return self


class ClusteringSettings(Settings):
    """How affinity propagation groups the assets.

    Examples
    --------
    >>> ClusteringSettings(preference=0.1).damping
    0.9
    """

    preference: float | Literal["median"] = "median"
    damping: float = Field(0.9, ge=0.5, lt=1)
    max_iter: PositiveInt = 2000
    convergence_iter: PositiveInt = 50
    seed: int = Field(0, ge=0)


class EmbeddingSettings(Settings):
    """How locally linear embedding lays the assets out.

    Examples
    --------
    >>> EmbeddingSettings(neighbours=8)
    EmbeddingSettings(neighbours=8, seed=0)
    """

    neighbours: PositiveInt = 6
    seed: int = Field(0, ge=0)


class GraphSettings(Settings):
    """Which partial correlations become edges.

    Examples
    --------
    >>> GraphSettings()
    GraphSettings(edge_threshold=0.02)
    """

    edge_threshold: Fraction = 0.02


class ModelSettings(Settings):
    """All that :func:`marketmap.fit_structure` can be told.

    Examples
    --------
    >>> ModelSettings(graph=GraphSettings(edge_threshold=0.05)).precision.folds
    5
    """

    precision: PrecisionSettings = PrecisionSettings()
    clustering: ClusteringSettings = ClusteringSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    graph: GraphSettings = GraphSettings()


class MapSettings(Settings):
    """One named map: where its prices come from and how they become a map.

    Examples
    --------
    >>> settings = MapSettings(source=SimulatedSettings(kind="simulated"), window_days=180)
    >>> MapSettings.from_json(settings.as_json()) == settings
    True
    """

    source: SourceSettings
    universe: UniverseSettings = UniverseSettings()
    window_days: int = Field(365, ge=3)
    returns: ReturnKind = "log"
    gates: GateSettings = GateSettings()
    model: ModelSettings = ModelSettings()

    def as_json(self) -> str:
        """Write the settings that determine a map's result as canonical JSON."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what :meth:`as_json` wrote, be it in a time that knew fewer settings."""
        return cls.model_validate_json(text, context=STORED)

    @property
    def digest(self) -> str:
        """SHA-256 of :meth:`as_json`, in hex: two maps with one digest are made alike."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()


class FetchSettings(Settings):
    """How politely and how patiently a remote source is asked; no part of a map's identity.

    Examples
    --------
    >>> FetchSettings(requests_per_minute=30).attempts
    5
    """

    timeout_seconds: float = Field(20.0, gt=0)
    attempts: PositiveInt = 5
    unreachable_attempts: PositiveInt = 2
    backoff_seconds: float = Field(2.0, ge=0)
    max_wait_seconds: float = Field(300.0, ge=0)
    give_up_after: PositiveInt = 20
    concurrency: PositiveInt = 4
    requests_per_minute: PositiveInt = 60
    min_answered: Fraction = 0.8
    archive_megabytes: float = Field(2000.0, ge=0)
    wait_for_day_seconds: float = Field(900.0, ge=0)
    wait_for_day_attempts: int = Field(8, ge=0)


class KeepSettings(Settings):
    """What is kept of runs beside clusters, positions and edges, which are kept for ever.

    A run's full matrices take as much room as all else; where they are not kept, they are fitted
    again from the stored prices as soon as somebody asks for them.

    Examples
    --------
    >>> KeepSettings(matrices=90).monthly_matrices
    True
    """

    matrices: int = Field(30, ge=0)
    monthly_matrices: bool = True


class ScheduleSettings(Settings):
    """When ``marketmap serve`` makes the maps: a cron expression in UTC.

    Examples
    --------
    >>> ScheduleSettings(maps=["demo"]).cron
    '30 0 * * *'
    """

    cron: str = "30 0 * * *"
    maps: tuple[str, ...] | None = Field(None, min_length=1)

    @field_validator("cron")
    @classmethod
    def _comes_due(cls, cron: str) -> str:
        # Read only where it is set: importing marketmap need not wait for it.
        from cronsim import CronSim, CronSimError

        try:
            # Prefect's reader knows no LW and no 5L, and takes seconds from another place.
            if len(cron.split()) != 5 or re.search(r"lw|\dl", cron, re.IGNORECASE):
                raise CronSimError("not a time")
            next(CronSim(cron, datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            why = str(error).lower() or "never"
            raise ValueError(
                f'{why}; expected minute, hour, day, month and weekday, such as "30 0 * * *", in '
                "UTC"
            ) from None
        return cron

    @field_validator("maps")
    @classmethod
    def _once_each(cls, maps: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in maps or ():
            if maps and maps.count(name) > 1:
                raise ValueError(f"names {name!r} twice")
        return maps
