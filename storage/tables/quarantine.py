"""Rows that were not fit to be stored: listed, and let out where somebody vouches for them."""

from datetime import UTC, datetime

import duckdb
import pandas as pd

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES, price_frame
from storage.engine.execute import utc
from storage.engine.sql_files import statement
from storage.tables.coverage import record_coverage
from storage.tables.prices import merge_prices

TEXTS = ("source", "asset_id", "symbol", "reason", "detail", "raw")
TIMES = ("date", "first_seen", "last_seen")


def read_quarantine(
    connection: duckdb.DuckDBPyConnection, source: str | None, *, open_only: bool
) -> pd.DataFrame:
    """List quarantined rows; see :meth:`storage.Database.quarantine`."""
    wanted = {"source": source, "open_only": open_only}
    rows = connection.execute(statement("read_quarantine"), wanted).df()
    types = dict.fromkeys(TEXTS, "str") | dict.fromkeys(TIMES, "datetime64[us]")
    return rows.astype(types | dict.fromkeys(PRICE_VALUES, "float64"))


def release_rows(connection: duckdb.DuckDBPyConnection, source: str, rows: pd.DataFrame) -> int:
    """Make prices of quarantined rows; see :meth:`storage.Database.release`."""
    unfit = rows[rows["date"].isna() | rows["close"].isna()]
    if len(unfit):
        raise DataError(
            f"quarantine of {source}: asset {unfit['asset_id'].iloc[0]!r} has a row without a day "
            "or a close; only rows with both can become prices"
        )
    prices = price_frame(rows)
    changed = merge_prices(
        connection, source, prices.assign(seen_at=utc(datetime.now(UTC))), "release"
    )
    days = zip(prices["asset_id"], prices["date"].dt.date, strict=True)
    record_coverage(connection, source, [(asset_id, (day, day)) for asset_id, day in days])
    return changed
