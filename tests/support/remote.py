"""A desk whose map comes from a CoinMarketCap of our own."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from marketmap.settings import SimulatedSettings
from marketmap.sources.simulated import Simulated

YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)
PATIENCE = {
    "attempts": 2,
    "backoff_seconds": 0.01,
    "requests_per_minute": 100_000,
    "timeout_seconds": 10,
    "wait_for_day_seconds": 0.1,
    "wait_for_day_attempts": 2,
}


def simulated_prices(end: date = YESTERDAY) -> pd.DataFrame:
    """Return a simulated market as a table of coins that ends yesterday."""
    market = Simulated(SimulatedSettings(kind="simulated", n_assets=16, n_days=130, end=end))
    labels = market.listing(end, 100)[["asset_id", "symbol", "name"]]
    return market.all_prices(end).merge(labels, on="asset_id").drop(columns="asset_id")


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
