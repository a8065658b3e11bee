"""A desk's fetching without Prefect: against a stand-in server, into a database of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from flows.steps.answers import store_answers
from flows.steps.missing import fetch_windows, missing_windows, release_common_moves
from marketmap.config import Config, parse_config
from marketmap.errors import SourceError
from marketmap.sources import open_source
from marketmap.sources.base import RemoteSource, is_remote
from marketmap.sources.coinmarketcap.source import CoinMarketCap
from storage import Database
from tests.support.cmc_server import CmcServer
from tests.support.remote import YESTERDAY

IMPATIENT = {
    "timeout_seconds": 1.0,
    "backoff_seconds": 0.01,
    "requests_per_minute": 1_000_000,
}
TABLES = ("prices", "listings", "revisions", "labels")


@dataclass(frozen=True)
class Fetching:
    """A data folder and the source that fills it."""

    config: Config
    source: RemoteSource

    def listing(self, day: date, size: int = 15) -> pd.DataFrame:
        """Ask for today's listing and store it."""
        answer = self.source.ask_listing(day, size)
        store_answers(self.config, self.source.name, [answer])
        listing = answer.unwrap()
        with Database.open(self.config.database) as database:
            database.save_listing(self.source.name, day, listing)
        return listing

    def prices(
        self, asset_ids: list[str], start: date, end: date = YESTERDAY
    ) -> dict[str, SourceError]:
        """Fetch what is missing."""
        windows = missing_windows(self.config, self.source, asset_ids, (start, end))
        failed = fetch_windows(self.config, self.source, windows).failed
        with Database.open(self.config.database) as database:
            release_common_moves(database, self.source.name)
        return failed

    def n_missing(self, asset_ids: list[str], start: date, end: date = YESTERDAY) -> int:
        """Count the requests that are needed."""
        return len(missing_windows(self.config, self.source, asset_ids, (start, end)))

    def stored(self) -> pd.DataFrame:
        """Return all stored prices."""
        return self.table("prices")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table but for the times at which its rows came, in order."""
        with closing_connection(self.config.database) as connection:
            rows = connection.execute(f"FROM store.{name} ORDER BY ALL").df()
        return rows.drop(columns=["seen_at", "first_seen"], errors="ignore")


@contextmanager
def closing_connection(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(str(path), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def fetching(server: CmcServer, folder: Path, **fetch: float) -> Fetching:
    """Make a data folder that is filled from a server."""
    content = {
        "maps": {"m": {"source": {"kind": "coinmarketcap", "base_url": server.base_url}}},
        "fetch": {**IMPATIENT, **fetch},
    }
    config = parse_config(content, folder=folder, origin="config")
    source = open_source(config.maps["m"].source, config.fetch, folder)
    assert is_remote(source)
    assert isinstance(source, CoinMarketCap)
    return Fetching(config, source)


def truth(prices: pd.DataFrame, server: CmcServer) -> pd.DataFrame:
    """Return a server's table as it should be stored: volume is turnover, a cap of 0 unknown."""
    ids = {(coin.symbol, coin.name): str(coin.id) for coin in server.coins.values()}
    keys = zip(prices["symbol"], prices["name"], strict=True)
    table = prices.assign(
        asset_id=[ids[key] for key in keys],
        turnover=prices["volume"],
        volume=prices["volume"] / prices["close"],
        market_cap=prices["market_cap"].where(prices["market_cap"] > 0),
    )
    return table.sort_values(["asset_id", "date"], ignore_index=True)


def differences(stored: pd.DataFrame, expected: pd.DataFrame) -> tuple[int, int, int]:
    """Count missing coin-days, doubled ones, and those that differ from the truth in any value."""
    keys = ["asset_id", "date"]
    n_doubled = int(stored.duplicated(keys).sum())
    both = expected.merge(stored, on=keys, how="left", suffixes=("", "_stored"), indicator=True)
    is_missing = both["_merge"] == "left_only"
    columns = ("open", "high", "low", "close", "volume", "market_cap", "turnover")
    differs = pd.Series(False, index=both.index)
    for column in columns:
        told, kept = both[column], both[f"{column}_stored"]
        differs |= (told != kept) & ~(told.isna() & kept.isna())
    n_strange = len(
        stored.merge(expected[keys], on=keys, how="left", indicator=True).query(
            "_merge == 'left_only'"
        )
    )
    return int(is_missing.sum()), n_doubled, int((differs & ~is_missing).sum()) + n_strange
