"""What a remote source answered: its prices, and all that happened on the way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.frames import PRICE_COLUMNS, price_frame
from marketmap.sources.answers import Answer
from storage.engine.execute import TIME, plain, run_with, utc
from storage.engine.sql_files import statement
from storage.tables.coverage import Days, record_coverage
from storage.tables.disputes import settle, take_out
from storage.tables.prices import merge_prices

Why = Literal["source", "replay"]

REQUESTS = pa.schema(
    {
        "source": pa.string(),
        "asset_id": pa.string(),
        "first_day": pa.date32(),
        "last_day": pa.date32(),
        "asked_at": TIME,
        "seconds": pa.float64(),
        "outcome": pa.string(),
        "detail": pa.string(),
        "n_rows": pa.int64(),
        "n_quarantined": pa.int64(),
    }
)
LABELS = pa.schema(
    {
        "source": pa.string(),
        "asset_id": pa.string(),
        "told_by": pa.string(),
        "symbol": pa.string(),
        "name": pa.string(),
        "first_seen": TIME,
    }
)


def store_answers(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    answers: Sequence[Answer],
    why: Why,
    overruled: pd.DataFrame | None = None,
) -> int:
    """Keep all that answers tell; see :meth:`storage.Database.store_answers`."""
    _record(connection, "requests", REQUESTS, _requests(source, answers))
    _record(connection, "labels", LABELS, _labels(source, answers))
    if why == "source":
        settle(connection, source, {str(a.window.asset_id) for a in answers if _has_prices(a)})
    _keep_quarantined(connection, source, answers, overruled)
    if overruled is not None:
        take_out(connection, source, overruled)
    return _keep_prices(connection, source, answers, why)


def requests_since(
    connection: duckdb.DuckDBPyConnection, source: str, since: datetime
) -> pd.DataFrame:
    """Count requests by outcome; see :meth:`storage.Database.requests_since`."""
    known = {"source": source, "since": utc(since)}
    return connection.execute(statement("count_requests"), known).df()


def _record(
    connection: duckdb.DuckDBPyConnection,
    what: str,
    schema: pa.Schema,
    rows: Iterable[Mapping[str, Any]],
) -> None:
    table = pa.Table.from_pylist(list(rows), schema)
    if len(table):
        run_with(connection, f"record_{what}", {f"new_{what}": table})


def _requests(source: str, answers: Sequence[Answer]) -> Iterable[dict[str, Any]]:
    """Lay attempts out as rows; what was quarantined is counted on an answer's last one."""
    for answer in answers:
        for attempt in answer.attempts:
            is_accepted = attempt.outcome == "accepted" and answer.rows is not None
            yield {
                "source": source,
                "asset_id": answer.window.asset_id,
                "first_day": answer.window.first,
                "last_day": answer.window.last,
                "asked_at": utc(attempt.at),
                "seconds": attempt.seconds,
                "outcome": attempt.outcome,
                "detail": plain(attempt.detail),
                "n_rows": len(answer.unwrap()) if is_accepted else None,
                "n_quarantined": len(answer.quarantined) if attempt is answer.attempts[-1] else 0,
            }


def _labels(source: str, answers: Sequence[Answer]) -> Iterable[dict[str, Any]]:
    for answer in answers:
        for label in answer.labels:
            yield {
                "source": source,
                "asset_id": label.asset_id,
                "told_by": label.told_by,
                "symbol": plain(label.symbol),
                "name": plain(label.name),
                "first_seen": _came_at(answer),
            }


def _keep_quarantined(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    answers: Sequence[Answer],
    overruled: pd.DataFrame | None,
) -> None:
    frames = [
        answer.quarantined.assign(seen_at=_came_at(answer))
        for answer in answers
        if len(answer.quarantined)
    ]
    if overruled is not None and len(overruled):
        frames.append(overruled.assign(seen_at=utc(datetime.now(UTC))))
    if not frames:
        return
    rows = pd.concat(frames, ignore_index=True).assign(source=source)
    rows["asset_id"] = rows["asset_id"].where(rows["asset_id"] != "")  # null is the listing
    table = pa.Table.from_pandas(rows, preserve_index=False)
    run_with(connection, "merge_quarantine", {"new_quarantine": table})


def _keep_prices(
    connection: duckdb.DuckDBPyConnection, source: str, answers: Sequence[Answer], why: Why
) -> int:
    """Merge all prices first: what is covered depends on an asset's last stored day."""
    now = utc(datetime.now(UTC))
    frames, coverage = [], list[tuple[str, Days]]()
    for answer in answers:
        window = answer.window
        if answer.rows is None or window.asset_id is None:
            continue
        # A replay finds its revisions now, however old the answers are that it reads.
        seen_at = _came_at(answer) if why == "source" else now
        frames.append(price_frame(answer.rows).assign(seen_at=seen_at))
        coverage.append((window.asset_id, (window.first, window.last)))
    if not frames:
        return 0
    rows = pd.concat(frames, ignore_index=True)[[*PRICE_COLUMNS, "seen_at"]]
    changed = merge_prices(connection, source, rows, why)
    record_coverage(connection, source, coverage)
    return changed


def _has_prices(answer: Answer) -> bool:
    return answer.window.asset_id is not None and answer.rows is not None and len(answer.rows) > 0


def _came_at(answer: Answer) -> datetime:
    """Return when an answer came; one that was read again came when its body did."""
    moments = [attempt.at for attempt in answer.attempts] + [body.at for body in answer.archived]
    return utc(max(moments) if moments else datetime.now(UTC))
