"""A simulated market whose true sectors are known, with the flaws of real ones.

A day's log return of an asset is ``drift + volatility * z``, and z has variance 1: 40 % of it comes
from the market, 15 % from the asset's sector and the rest from the asset alone, all three drawn
from Student's t with 4 degrees of freedom. Everything follows from the seed.

The flaws, each of a kind that real tables have:

- a pegged coin, and a wrapped twin of the largest asset: not to be mapped;
- an asset that is listed too late to be mapped;
- an asset with single days missing, one redenominated 1:1000 without its market cap following, and
  one that really crashes by 80 % in a day: all three stay on the map.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import listing_frame, price_frame
from marketmap.settings import RankBy, SimulatedSettings

SECTORS = (
    "Payments",
    "Contracts",
    "Exchanges",
    "Lending",
    "Storage",
    "Gaming",
    "Privacy",
    "Oracles",
)
MARKET_SHARE = 0.40
SECTOR_SHARE = 0.15
DEGREES_OF_FREEDOM = 4
RECENT_DAYS = 30
"""Days that come before the window, so that the days before the last can be mapped too."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """A simulated source; see the module's docstring.

    Parameters
    ----------
    settings : SimulatedSettings
    """

    settings: SimulatedSettings

    @property
    def name(self) -> str:
        """The key under which its prices are stored."""
        plan = self.settings
        return f"simulated:{plan.seed}:{plan.n_assets}:{plan.n_days}:{plan.end}"

    @property
    def is_remote(self) -> bool:
        """Nothing is asked over a network."""
        return False

    @property
    def has_past_listings(self) -> bool:
        """Nothing vanishes from a simulated market."""
        return True

    def last_day(self, now: datetime) -> date:
        """Return the market's last day, or yesterday (UTC) if that comes first."""
        return min(self.settings.end, now.astimezone(UTC).date() - timedelta(days=1))

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is left out."""
        return ()

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        """List the largest assets as of a day, by market cap or by turnover."""
        day = self._prices[self._prices["date"] == pd.Timestamp(as_of)]
        if day.empty:
            days = self._prices["date"]
            raise SourceError(
                f"the simulated market has no day {as_of}; it runs from {days.min():%Y-%m-%d} "
                f"to {days.max():%Y-%m-%d}"
            )
        key = "turnover" if rank_by == "turnover" else "market_cap"
        rows = day.merge(self._assets, on="asset_id")
        rows = rows.sort_values([key, "asset_id"], ascending=[False, True])
        return listing_frame(rows[["asset_id", "symbol", "name", "market_cap", "turnover"]][:size])

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Return an asset's prices from ``start`` to ``end``, both included."""
        prices = self._prices
        within = prices["date"].between(pd.Timestamp(start), pd.Timestamp(end))
        return prices[within & (prices["asset_id"] == asset_id)].reset_index(drop=True)

    def all_prices(self, as_of: date) -> pd.DataFrame:
        """Return every asset's prices up to a day, included."""
        return self._prices[self._prices["date"] <= pd.Timestamp(as_of)]

    def planted_sectors(self) -> pd.Series:
        """Return the true sector of each asset id that belongs to one."""
        sectors = self._assets.set_index("asset_id")["sector"]
        return sectors[sectors.notna()]

    @cached_property
    def _assets(self) -> pd.DataFrame:
        count = self.settings.n_assets
        sectors = [SECTORS[i % len(SECTORS)] for i in range(count)]
        numbers = [i // len(SECTORS) + 1 for i in range(count)]
        symbols = [f"{s[:3].upper()}{n}" for s, n in zip(sectors, numbers, strict=True)]
        planted = pd.DataFrame(
            {
                "asset_id": [f"sim-{i:03d}" for i in range(1, count + 1)],
                "symbol": symbols,
                "name": [f"Simulated {s} {n}" for s, n in zip(sectors, numbers, strict=True)],
                "sector": sectors,
            }
        )
        flawed = pd.DataFrame(
            {
                "asset_id": ["sim-peg", "sim-twin", "sim-late"],
                "symbol": ["PEG", f"W{symbols[0]}", "LATE"],
                "name": ["Simulated Dollar", "Wrapped Payments 1", "Simulated Latecomer"],
            }
        )
        return pd.concat([planted, flawed], ignore_index=True)

    @cached_property
    def _prices(self) -> pd.DataFrame:
        """All prices, in the format of :mod:`marketmap.frames`."""
        plan = self.settings
        draw = np.random.default_rng(plan.seed)
        n_days = plan.n_days + RECENT_DAYS + 1
        days = pd.date_range(end=pd.Timestamp(plan.end), periods=n_days, freq="D")
        closes = self._closes(draw, n_days)
        market_caps = closes * _supplies(draw, closes[0])
        crashed, redenominated, gapped = (plan.n_assets - k for k in (1, 2, 3))
        closes[: n_days // 2, redenominated] *= 1000.0  # the supply shrinks alike: the cap stands
        opens = np.vstack([closes[:1], closes[:-1]])
        opens[n_days // 2, redenominated] /= 1000.0
        spread = np.exp(np.abs(draw.normal(0.0, 0.01, closes.shape)))
        turnover = market_caps * draw.lognormal(-3.0, 0.3, closes.shape)
        turnover[self._crash_day, crashed] *= 20.0
        values = {
            "open": opens,
            "high": np.maximum(opens, closes) * spread,
            "low": np.minimum(opens, closes) / spread,
            "close": closes,
            "volume": turnover / closes,
            "market_cap": market_caps,
            "turnover": turnover,
        }
        known = np.ones(closes.shape, dtype=bool)
        recent = n_days - 1 - plan.n_days // 2
        known[draw.choice(np.arange(recent, n_days - 1), size=4, replace=False), gapped] = False
        known[:recent, -1] = False
        day, asset = np.nonzero(known)
        table = {column: matrix[day, asset] for column, matrix in values.items()}
        ids = self._assets["asset_id"].to_numpy()[asset]
        return price_frame(pd.DataFrame({"date": days[day], "asset_id": ids, **table}))

    @property
    def _crash_day(self) -> int:
        return RECENT_DAYS + self.settings.n_days * 2 // 3

    def _closes(self, draw: np.random.Generator, n_days: int) -> Array:
        """Draw closes of shape (n_days, n_assets + 3); the last three are peg, twin, latecomer."""
        count = self.settings.n_assets
        shocks = _shocks(draw, n_days, count + 1, len(SECTORS))
        volatility = draw.uniform(0.02, 0.06, count + 1)
        returns = 0.0003 + volatility * shocks
        returns[self._crash_day, count - 1] = np.log(0.2)
        own, late = returns[:, :count], returns[:, count:]
        noise = draw.normal(0.0, 0.0005, (n_days, 2))
        paths = np.cumsum(np.hstack([own, late]), axis=0)
        start = np.exp(draw.uniform(-2.0, 5.0, count + 1))
        prices = start * np.exp(paths)
        peg = np.exp(noise[:, :1])
        twin = prices[:, :1] * np.exp(noise[:, 1:])
        return np.hstack([prices[:, :count], peg, twin, prices[:, count:]])


def _shocks(draw: np.random.Generator, n_days: int, n_assets: int, n_sectors: int) -> Array:
    """Draw shocks of shape (n_days, n_assets); asset i is of sector i mod n_sectors."""

    def student(columns: int) -> Array:
        unit = np.sqrt(DEGREES_OF_FREEDOM / (DEGREES_OF_FREEDOM - 2))
        return np.asarray(draw.standard_t(DEGREES_OF_FREEDOM, (n_days, columns)) / unit)

    market, sectors, own = student(1), student(n_sectors), student(n_assets)
    shocks: Array = (
        np.sqrt(MARKET_SHARE) * market
        + np.sqrt(SECTOR_SHARE) * sectors[:, np.arange(n_assets) % n_sectors]
        + np.sqrt(1.0 - MARKET_SHARE - SECTOR_SHARE) * own
    )
    return shocks


def _supplies(draw: np.random.Generator, first: Array) -> Array:
    """Choose supplies whose market caps fall with the asset's number, as ranks do."""
    caps: Array = 1e12 / np.arange(1, len(first) + 1) ** 1.2 * draw.lognormal(0.0, 0.1, len(first))
    caps[-2] = caps[0] / 50.0  # the twin is smaller than what it wraps
    supplies: Array = caps / first
    return supplies
