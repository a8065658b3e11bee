"""Small simulated markets and the real sets, as a listing and prices."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from marketmap.frames import listing_frame, price_frame
from marketmap.settings import MapSettings

BYBIT = "crypto_bybit_perps_2020_2025"
COINS_23 = "crypto_cmc_23coins_2013_2021"
COINS_44 = "crypto_cmc_jessevent_2013_2018"
STOCKS = "equities_sp500_2010_2019"

END = date(2024, 12, 31)


def map_settings(**changes: Any) -> MapSettings:
    """Settings of a map that trades every day; `changes` as config.yaml would write them."""
    content: dict[str, Any] = {"source": {"kind": "coinmarketcap"}, **changes}
    return MapSettings.model_validate(content)


def session_settings(**changes: Any) -> MapSettings:
    """Settings of a map of a market that closes."""
    source = {"kind": "files", "path": "prices.csv", "calendar": "sessions"}
    return MapSettings.model_validate({"source": source, **changes})


def random_market(
    n_assets: int = 14,
    n_days: int = 121,
    *,
    seed: int = 0,
    volatility: float = 0.03,
    calendar: str = "D",
) -> pd.DataFrame:
    """Prices a00, a01 ... of a market of random walks with bars, turnover and market caps.

    Bars open at the close before, and every kind of value is known. a00 is the largest.
    """
    draw = np.random.default_rng(seed)
    days = pd.date_range(end=pd.Timestamp(END), periods=n_days, freq=calendar)
    shocks = 0.6 * draw.normal(size=(n_days, 1)) + 0.8 * draw.normal(size=(n_days, n_assets))
    closes = 10.0 * np.exp(np.cumsum(volatility * shocks, axis=0))
    opens = np.vstack([closes[:1], closes[:-1]])
    spread = np.exp(np.abs(draw.normal(0.0, 0.005, closes.shape)))
    caps = closes * (1e9 / (1.0 + np.arange(n_assets)))
    turnover = 0.05 * caps[0] * draw.lognormal(0.0, 0.4, closes.shape)
    fields = {
        "open": opens,
        "high": np.maximum(opens, closes) * spread,
        "low": np.minimum(opens, closes) / spread,
        "close": closes,
        "volume": turnover / closes,
        "market_cap": caps,
        "turnover": turnover,
    }
    ids = np.array([f"a{number:02d}" for number in range(n_assets)])
    table = {name: matrix.T.ravel() for name, matrix in fields.items()}
    return price_frame(
        pd.DataFrame({"date": np.tile(days, n_assets), "asset_id": ids.repeat(n_days), **table})
    )


def listing_of(prices: pd.DataFrame, as_of: date | None = None, key: str = "") -> pd.DataFrame:
    """List assets by their median market cap (or turnover) of the last 30 days."""
    last = prices["date"].max() if as_of is None else pd.Timestamp(as_of)
    recent = prices[prices["date"].between(last - pd.Timedelta(days=30), last)]
    values = recent.groupby("asset_id")[["market_cap", "turnover"]].median()
    key = key or ("market_cap" if values["market_cap"].notna().any() else "turnover")
    return listing_frame(values.sort_values(key, ascending=False).reset_index())


@lru_cache(maxsize=1)  # twenty windows of one set in a row are tested
def real_prices(folder: Path, name: str) -> pd.DataFrame:
    """Read a real set, not to be changed; exact duplicate rows are dropped, as a source does."""
    rows = pd.read_parquet(folder / f"{name}.parquet").drop_duplicates()
    rows["asset_id"] = rows["symbol"]
    if "cmc" in name:  # CoinMarketCap's volume is in dollars
        rows["turnover"] = rows["volume"]
        rows["volume"] = rows["volume"] / rows["close"]
    return price_frame(rows)


def rescale(prices: pd.DataFrame, asset_id: str, day: pd.Timestamp, factor: float) -> pd.DataFrame:
    """Put an asset's prices before a day into another unit; the day itself opens in the new one."""
    changed = prices.copy()
    before = (changed["asset_id"] == asset_id) & (changed["date"] < day)
    changed.loc[before, ["open", "high", "low", "close"]] *= factor
    changed.loc[before, "volume"] /= factor
    return changed


def without(prices: pd.DataFrame, *fields: str) -> pd.DataFrame:
    """Forget some fields of all prices."""
    return prices.assign(**dict.fromkeys(fields, np.nan))
