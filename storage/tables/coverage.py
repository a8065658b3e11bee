"""Coverage: the days of an asset that a source need not be asked for again."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from storage.engine.execute import run_with
from storage.engine.sql_files import statement

Days = tuple[date, date]
"""First and last day of a range, both included."""

GIVEN_UP_AFTER = timedelta(days=7)
"""A day that has not come a week later will not come: the asset is no longer traded."""

ONE_DAY = timedelta(days=1)


def missing_ranges(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    asset_ids: Iterable[str],
    start: date,
    end: date,
) -> dict[str, list[Days]]:
    """Return which days are not covered; see :meth:`storage.Database.missing_ranges`."""
    wanted = list(dict.fromkeys(asset_ids))
    covered = _read_coverage(connection, source, wanted)
    missing = {asset_id: uncovered(covered.get(asset_id, []), start, end) for asset_id in wanted}
    return {asset_id: ranges for asset_id, ranges in missing.items() if ranges}


def uncovered(ranges: Iterable[Days], start: date, end: date) -> list[Days]:
    """Return the days from ``start`` to ``end`` that no range holds, as ranges in order."""
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
    """Return how much of an asked range need not be asked for again.

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


def record_coverage(
    connection: duckdb.DuckDBPyConnection, source: str, asked: Sequence[tuple[str, Days]]
) -> None:
    """Remember that assets were asked for ranges of days, after what came is stored."""
    wanted = list(dict.fromkeys(asset_id for asset_id, _ in asked))
    known = {"source": source, "asset_ids": wanted}
    last_stored = dict(connection.execute(statement("last_price_days"), known).fetchall())
    ranges = _read_coverage(connection, source, wanted)
    for asset_id, days in asked:
        covered = covered_range(days, last_stored.get(asset_id))
        if covered is not None:
            ranges[asset_id] = union([*ranges.get(asset_id, []), covered])
    _replace_coverage(connection, source, ranges)


def forget_coverage(
    connection: duckdb.DuckDBPyConnection, source: str, days: Mapping[str, Days]
) -> None:
    """Let a range of days of each asset be asked for again."""
    ranges = _read_coverage(connection, source, days)
    left = {
        asset_id: [part for span in known for part in uncovered([days[asset_id]], *span)]
        for asset_id, known in ranges.items()
    }
    wanted = {"source": source, "asset_ids": list(ranges)}
    connection.execute(statement("forget_coverage"), wanted)
    _replace_coverage(connection, source, left)


def _replace_coverage(
    connection: duckdb.DuckDBPyConnection, source: str, ranges: Mapping[str, Iterable[Days]]
) -> None:
    rows = [
        {"source": source, "asset_id": asset_id, "first_day": first, "last_day": last}
        for asset_id, joined in ranges.items()
        for first, last in joined
    ]
    if rows:
        run_with(connection, "replace_coverage", {"new_coverage": pa.Table.from_pylist(rows)})


def _read_coverage(
    connection: duckdb.DuckDBPyConnection, source: str, asset_ids: Iterable[str]
) -> dict[str, list[Days]]:
    ranges: dict[str, list[Days]] = {}
    known = {"source": source, "asset_ids": list(asset_ids)}
    for asset_id, first, last in connection.execute(statement("read_coverage"), known).fetchall():
        ranges.setdefault(asset_id, []).append((first, last))
    return ranges
