"""Answers made by hand, as a remote source gives them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import price_frame
from marketmap.run import MapRun
from marketmap.sources.answers import (
    Answer,
    ArchivedAnswer,
    Attempt,
    Label,
    Window,
    quarantine_frame,
)
from storage import Database
from tests.support.runs import raw_prices, store

EXCHANGE = "ccxt:kraken"
DAY = date(2026, 1, 1)
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)

Closes = Mapping[int, float]
"""Closes by the number of their day; day 0 is the first of January 2026."""


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def later(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def prices(asset_id: str, closes: Closes, **values: float) -> pd.DataFrame:
    """Prices of an asset; ``values`` are the same on all days."""
    rows = {"date": [day(number) for number in closes], "close": list(closes.values())}
    return price_frame(pd.DataFrame(rows).assign(asset_id=asset_id, **values))


def doubtful(
    asset_id: str, number: int | None, reason: str = "spike", **values: Any
) -> dict[str, Any]:
    """Return a quarantined row; with no day's number, a whole body."""
    when = None if number is None else day(number)
    told = {"detail": "close 900, 9 before and 9 after", "raw": f'{{"day": "{when}"}}'}
    return {"asset_id": asset_id, "date": when, "reason": reason, **told, **values}


def answer(
    asset_id: str | None,
    closes: Closes | None = None,
    days: tuple[int, int] = (0, 9),
    at: datetime = NOON,
    quarantined: Iterable[Mapping[str, Any]] = (),
    labels: Iterable[tuple[str, str]] = (),
    attempts: Iterable[Attempt] | None = None,
    **values: float,
) -> Answer:
    """Return an answer of prices, accepted at once; without closes, one that failed."""
    failed = closes is None
    once = (
        Attempt(at, 0.25, "unavailable", "status 503") if failed else Attempt(at, 0.5, "accepted")
    )
    told_by = "history" if asset_id else "listing"
    return Answer(
        Window(asset_id, day(days[0]), day(days[1])),
        (once,) if attempts is None else tuple(attempts),
        rows=None if closes is None else prices(asset_id or "", closes, **values),
        error=SourceError("status 503") if failed else None,
        quarantined=quarantine_frame(quarantined),
        labels=tuple(Label(asset_id or "1", *label, told_by) for label in labels),
    )


def read_again(old: Answer, at: datetime) -> Answer:
    """Return an answer as it comes out of a body that was archived at ``at``."""
    body = ArchivedAnswer(old.window, at, {"id": str(old.window.asset_id)}, True, "{}")
    return Answer(
        old.window, (), old.rows, old.error, old.quarantined, labels=old.labels, archived=(body,)
    )


def take_from_elsewhere(database: Database, run: MapRun, asset_id: str, other_id: str) -> MapRun:
    """Store a run as if an asset's prices came from an exchange, and other ones from its source.

    The exchange has as well what no pair names, and prices of the id that the run's source uses.
    """
    assets = run.universe.assets.assign(price_source=run.source)
    assets.loc[asset_id, "price_source"] = EXCHANGE
    run = replace(run, universe=replace(run.universe, assets=assets))
    store(database, run)
    own = raw_prices(run)[lambda rows: rows["asset_id"] == asset_id]
    database.upsert_prices(EXCHANGE, own.assign(asset_id=other_id))
    for unpaired in (asset_id, "ELSE/USDT", "ELSE-USD"):
        database.upsert_prices(EXCHANGE, own.assign(asset_id=unpaired, close=0.5))
    database.upsert_prices(run.source, own.assign(close=7.0))
    pair = pd.DataFrame({"asset_id": [asset_id], "other_id": other_id, "n_days": 30, "worst": 0.01})
    database.save_pairs(run.source, EXCHANGE, pair, NOON)
    database.save_pairs("another", EXCHANGE, pair.assign(other_id="ELSE/USDT"), NOON)
    database.save_pairs(run.source, "ccxt:other", pair.assign(other_id="ELSE-USD"), NOON)
    return run


def fetch(database: Database, source: str) -> None:
    """Let an asset that is on no map be answered for twice: something of every kind happens."""
    first = answer("9001", {0: 9.0, 1: 9.5, 3: 9.0}, labels=[("OLD", "Old name")])
    again = answer(
        "9001",
        {0: 9.0, 1: 9.9, 3: 9.0},
        at=later(24),
        labels=[("NEW", "New name")],
        quarantined=[doubtful("9001", 2, close=900.0), doubtful("9001", None, "not_the_answer")],
    )
    database.store_answers(source, [first])
    database.store_answers(source, [again, answer("9002", at=later(25))])
