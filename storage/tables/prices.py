"""Raw prices, upserted and never twice."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import DataError
from marketmap.frames import price_frame
from storage.engine.execute import run_with
from storage.engine.sql_files import statement
from storage.tables.coverage import Days, record_coverage


def upsert_prices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    prices: pd.DataFrame,
    coverage: Mapping[str, Days] | None,
    whole: tuple[Iterable[str], Days] | None = None,
) -> int:
    """Insert new prices and update changed ones; see :meth:`storage.Database.upsert_prices`."""
    rows = price_frame(prices)
    merged = merge_prices(connection, source, rows)
    if whole:
        asset_ids, (first_day, last_day) = list(whole[0]), whole[1]
        known = {
            "source": source,
            "asset_ids": asset_ids,
            "first_day": first_day,
            "last_day": last_day,
        }
        run_with(connection, "delete_vanished_prices", {"new_prices": _table(rows)}, known)
    if coverage:
        record_coverage(connection, source, list(coverage.items()))
    return merged


def merge_prices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    rows: pd.DataFrame,
    why: Literal["source", "replay", "release"] | None = None,
) -> int:
    """Insert new prices and update changed ones.

    Parameters
    ----------
    connection : DuckDBPyConnection
    source : str
    rows : DataFrame
        As :mod:`marketmap.frames` describes prices.
    why : str, optional
        Also record each value that is replaced, for this reason; ``rows`` then tell in
        ``seen_at`` when they came.

    Returns
    -------
    int
        How many rows were inserted or changed.

    Raises
    ------
    DataError
        An asset has more than one row on a day.
    """
    twice = rows[rows.duplicated(["asset_id", "date"])]
    if len(twice):
        first = twice.iloc[0]
        raise DataError(
            f"prices of {source}: asset {first['asset_id']!r} has more than one row on "
            f"{first['date']:%Y-%m-%d}; expected one row per asset and day"
        )
    new = {"new_prices": _table(rows)}
    if why is not None:
        run_with(connection, "record_revisions", new, {"source": source, "why": why})
    return run_with(connection, "merge_prices", new, [source])


def read_prices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    asset_ids: Iterable[str],
    start: date | None,
    end: date,
) -> pd.DataFrame:
    """Read prices between two days; see :meth:`storage.Database.prices`."""
    found = connection.execute(
        statement("read_prices"),
        {
            "source": source,
            "asset_ids": list(asset_ids),
            "first_day": start,
            "last_day": end,
        },
    )
    return price_frame(found.df())


def market_moves(
    connection: duckdb.DuckDBPyConnection, source: str, days: Iterable[date]
) -> pd.DataFrame:
    """Return how the market moved; see :meth:`storage.Database.market_moves`."""
    found = connection.execute(
        statement("market_moves"), {"source": source, "days": list(days)}
    ).df()
    return found.astype({"date": "datetime64[us]", "move": "float64", "n_assets": "int64"})


def _table(rows: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(rows, preserve_index=False)
