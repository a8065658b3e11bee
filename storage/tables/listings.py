"""Listings: what a source listed on a day."""

from datetime import date

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import DataError
from marketmap.frames import listing_frame
from storage.engine.sql_files import statement


def save_listing(
    connection: duckdb.DuckDBPyConnection, source: str, as_of: date, listing: pd.DataFrame
) -> None:
    """Replace a day's listing; see :meth:`storage.Database.save_listing`."""
    rows = listing_frame(listing)
    if rows.empty:
        raise DataError(f"listing of {source} on {as_of}: it is empty; expected assets")
    twice = rows.loc[rows["asset_id"].duplicated(), "asset_id"]
    if len(twice):
        raise DataError(
            f"listing of {source} on {as_of}: asset {twice.iloc[0]!r} has more than one row"
        )
    rows = rows.assign(source=source, as_of=as_of, tags=rows["tags"].map(list))
    schema = pa.Schema.from_pandas(rows, preserve_index=False)
    schema = schema.set(schema.get_field_index("tags"), pa.field("tags", pa.list_(pa.string())))
    table = pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
    connection.register("new_listing", table)
    connection.execute(statement("replace_listing"))
    connection.unregister("new_listing")


def read_listing(
    connection: duckdb.DuckDBPyConnection, source: str, as_of: date
) -> tuple[pd.DataFrame, date] | None:
    """Read the listing nearest to a day; see :meth:`storage.Database.listing`."""
    nearest = connection.execute(
        statement("nearest_listing_day"), {"source": source, "day": as_of}
    ).fetchone()
    if nearest is None:
        return None
    found = connection.execute(statement("read_listing"), [source, nearest[0]])
    rows = found.df()
    rows["tags"] = [list(tags) for tags in rows["tags"]]
    return listing_frame(rows), nearest[0]
