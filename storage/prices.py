"""Raw prices, upserted and never twice, and the days that need not be asked for again."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import DataError
from marketmap.frames import price_frame
from storage.statements import statement

Days = tuple[date, date]
"""First and last day of a range, both included."""

GIVEN_UP_AFTER = timedelta(days=7)
"""A day that has not come a week later will not come: the asset is no longer traded."""

ONE_DAY = timedelta(days=1)


def upsert_prices(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    prices: pd.DataFrame,
    asked: Mapping[str, Days] | None,
    whole: tuple[Iterable[str], Days] | None = None,
) -> int:
    """Insert new prices and update changed ones; see :meth:`storage.Database.upsert_prices`."""
    rows = price_frame(prices)
    twice = rows[rows.duplicated(["asset_id", "date"])]
    if len(twice):
        first = twice.iloc[0]
        raise DataError(
            f"prices of {source}: asset {first['asset_id']!r} has more than one row on "
            f"{first['date']:%Y-%m-%d}; expected one row an asset and day"
        )
    connection.register("new_prices", pa.Table.from_pandas(rows, preserve_index=False))
    merged = connection.execute(statement("merge_prices"), [source]).fetchone()
    if whole:
        asset_ids, (first_day, last_day) = list(whole[0]), whole[1]
        connection.execute(
            statement("delete_vanished_prices"),
            {
                "source": source,
                "asset_ids": asset_ids,
                "first_day": first_day,
                "last_day": last_day,
            },
        )
    connection.unregister("new_prices")
    if asked:
        _record_asked(connection, source, asked)
    return int(merged[0]) if merged else 0


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


def missing_ranges(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    asset_ids: Iterable[str],
    start: date,
    end: date,
) -> dict[str, list[Days]]:
    """Tell which days are not covered; see :meth:`storage.Database.missing_ranges`."""
    wanted = list(dict.fromkeys(asset_ids))
    covered = _read_asked(connection, source, wanted)
    missing = {asset_id: uncovered(covered.get(asset_id, []), start, end) for asset_id in wanted}
    return {asset_id: ranges for asset_id, ranges in missing.items() if ranges}


def uncovered(ranges: Iterable[Days], start: date, end: date) -> list[Days]:
    """Tell the days from ``start`` to ``end`` that no range holds, as ranges in order."""
    missing = []
    for first, last in sorted(ranges):
        if first > end:
            break
        if first > start:
            missing.append((start, first - ONE_DAY))
        start = max(start, last + ONE_DAY)
    if start <= end:
        missing.append((start, end))
    return missing


def union(ranges: Iterable[Days]) -> list[Days]:
    """Put ranges in order and join those that overlap or touch."""
    joined: list[Days] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + ONE_DAY:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def covered_range(asked: Days, last_stored: date | None) -> Days | None:
    """Tell how much of an asked range need not be asked for again.

    Days up to the asset's last stored one are past: what has not come by then is a hole. Later
    ones may still come. Where nothing at all has come from the range's first day on, the asset may
    be gone for good, and only the range's last week is asked for again.
    """
    start, end = asked
    if last_stored is None or last_stored < start:
        end -= GIVEN_UP_AFTER
    else:
        end = min(end, last_stored)
    return (start, end) if start <= end else None


def _record_asked(
    connection: duckdb.DuckDBPyConnection, source: str, asked: Mapping[str, Days]
) -> None:
    known = {"source": source, "asset_ids": list(asked)}
    last_stored = dict(connection.execute(statement("last_price_days"), known).fetchall())
    ranges = _read_asked(connection, source, asked)
    for asset_id, days in asked.items():
        covered = covered_range(days, last_stored.get(asset_id))
        if covered is not None:
            ranges[asset_id] = union([*ranges.get(asset_id, []), covered])
    rows = [
        {"source": source, "asset_id": asset_id, "first_day": first, "last_day": last}
        for asset_id, joined in ranges.items()
        for first, last in joined
    ]
    if rows:
        connection.register("new_asked", pa.Table.from_pylist(rows))
        connection.execute(statement("replace_asked"))
        connection.unregister("new_asked")


def _read_asked(
    connection: duckdb.DuckDBPyConnection, source: str, asset_ids: Iterable[str]
) -> dict[str, list[Days]]:
    ranges: dict[str, list[Days]] = {}
    known = {"source": source, "asset_ids": list(asset_ids)}
    for asset_id, first, last in connection.execute(statement("read_asked"), known).fetchall():
        ranges.setdefault(asset_id, []).append((first, last))
    return ranges
