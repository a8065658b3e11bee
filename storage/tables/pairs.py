"""Pairs: which id another source has for an asset, and how well the two agree."""

from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import DataError
from storage.engine.execute import run_with, utc
from storage.engine.sql_files import statement


def save_pairs(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    other_source: str,
    pairs: pd.DataFrame,
    checked_at: datetime,
) -> None:
    """Replace pairs by asset; see :meth:`storage.Database.save_pairs`."""
    twice = pairs.loc[pairs["asset_id"].duplicated(), "asset_id"]
    if len(twice):
        raise DataError(
            f"pairs of {source} and {other_source}: asset {twice.iloc[0]!r} has more than one"
        )
    rows = pairs[["asset_id", "other_id", "n_days", "worst"]].astype(
        {"asset_id": "str", "other_id": "str", "n_days": "int64", "worst": "float64"}
    )
    rows = rows.assign(source=source, other_source=other_source, checked_at=utc(checked_at))
    table = pa.Table.from_pandas(rows, preserve_index=False)
    run_with(connection, "replace_pairs", {"new_pairs": table})


def forget_pairs(
    connection: duckdb.DuckDBPyConnection, source: str, other_source: str, refuted: pd.DataFrame
) -> None:
    """Delete pairs; see :meth:`storage.Database.forget_pairs`."""
    if refuted.empty:
        return
    rows = refuted[["asset_id", "other_id"]].astype("str")
    known = {"source": source, "other_source": other_source}
    table = pa.Table.from_pandas(rows, preserve_index=False)
    run_with(connection, "forget_pairs", {"refuted": table}, known)


def read_pairs(
    connection: duckdb.DuckDBPyConnection, source: str, other_source: str
) -> pd.DataFrame:
    """Read pairs; see :meth:`storage.Database.pairs`."""
    known = {"source": source, "other_source": other_source}
    rows = connection.execute(statement("read_pairs"), known).df()
    return rows.astype({"asset_id": "str", "other_id": "str", "checked_at": "datetime64[us]"})
