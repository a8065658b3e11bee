"""Stored prices that answers contradict: what shows them to be wrong, and how they go."""

from collections.abc import Iterable, Mapping

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.frames import PRICE_COLUMNS
from storage.engine.execute import run_with
from storage.engine.sql_files import statement
from storage.tables.coverage import Days, forget_coverage


def equal_prices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    prices: pd.DataFrame,
    without: Iterable[str],
    fewest: int,
) -> pd.DataFrame:
    """Find another asset's prices; see :meth:`storage.Database.equal_prices`."""
    columns = ["asset_id", "other_id", "n_days"]
    if prices.empty:
        return pd.DataFrame(columns=columns)
    table = pa.Table.from_pandas(prices[list(PRICE_COLUMNS)], preserve_index=False)
    known = {"source": source, "without": list(without), "fewest": fewest}
    connection.register("new_prices", table)
    found = connection.execute(statement("equal_prices"), known).df()
    connection.unregister("new_prices")
    return found


def newest_sizes(
    connection: duckdb.DuckDBPyConnection, source: str, asset_ids: Iterable[str]
) -> dict[str, dict[str, float]]:
    """Read what assets were last listed with; see :meth:`storage.Database.newest_sizes`."""
    known = {"source": source, "asset_ids": list(asset_ids)}
    rows = connection.execute(statement("newest_sizes"), known).df()
    rows = rows.astype({"market_cap": "float64", "turnover": "float64"}).set_index("asset_id")
    return {
        str(asset_id): {str(name): float(value) for name, value in row.items()}
        for asset_id, row in rows.iterrows()
    }


def take_out(connection: duckdb.DuckDBPyConnection, source: str, overruled: pd.DataFrame) -> None:
    """Delete stored prices that are equal to overruled ones, and forget that their days came."""
    if overruled.empty:
        return
    table = pa.Table.from_pandas(overruled[["asset_id", "date", "close"]], preserve_index=False)
    run_with(connection, "delete_overruled_prices", {"overruled": table}, {"source": source})
    days: Mapping[str, Days] = {
        str(asset_id): (rows["date"].min().date(), rows["date"].max().date())
        for asset_id, rows in overruled.groupby("asset_id")
    }
    forget_coverage(connection, source, days)


def settle(connection: duckdb.DuckDBPyConnection, source: str, asset_ids: Iterable[str]) -> None:
    """Close what was in dispute about assets of which prices have been accepted."""
    known = {"source": source, "asset_ids": list(asset_ids)}
    connection.execute(statement("settle_quarantine"), known)
