"""Prices come in: what is missing is fetched and stored as it comes; a late day is waited for."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ParamSpec, TypeVar

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import Task, exponential_backoff

from flows.progress import count, tell, warn
from marketmap.config import Config
from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FilesSettings, MapSettings
from marketmap.sources.base import Source
from storage import Database

P = ParamSpec("P")
R = TypeVar("R")
AnyTask = Task[..., Any]
Ranges = Mapping[str, Sequence[tuple[date, date]]]

SESSIONS_A_WEEK = 5
HOLIDAY_MARGIN_DAYS = 10
ALIVE_DAYS = 7
"""An asset with a price this recently is expected to have one on the as-of day as well."""
BATCH = 10
"""Histories written at once: few enough that little is lost when a run is killed."""
MAX_BACKOFF_SECONDS = 300.0
NAMED = 8


@dataclass(frozen=True)
class Arrival:
    """What came of asking.

    Attributes
    ----------
    failed : dict of str to SourceError
        Why an asset's prices could not be fetched, by asset id.
    late : tuple of str
        Assets that trade but do not have the as-of day.
    expected : int
        Assets that should have the as-of day.
    """

    failed: dict[str, SourceError]
    late: tuple[str, ...]
    expected: int

    def enough(self, share: float) -> bool:
        """Whether at least ``share`` of the expected assets have the as-of day."""
        absent = len({*self.failed, *self.late})
        return self.expected - absent >= share * self.expected


def history_start(settings: MapSettings, day: date) -> date:
    """Tell the first day whose prices a window that ends at ``day`` can need."""
    days = settings.window_days
    source = settings.source
    if isinstance(source, FilesSettings) and source.calendar == "sessions":
        days = math.ceil(days * 8 / SESSIONS_A_WEEK) + HOLIDAY_MARGIN_DAYS
    return day - timedelta(days=days)


def bring_prices(
    config: Config,
    settings: MapSettings,
    source: Source,
    listing: pd.DataFrame,
    days: tuple[date, date],
    *,
    wait: bool,
) -> tuple[str, ...]:
    """Store all prices of the listed assets between two days that are not stored yet.

    Parameters
    ----------
    days : tuple of date
        First and last day, both included.
    wait : bool
        Whether to wait, within ``fetch``'s bounds, for assets that do not have the last day yet.

    Returns
    -------
    tuple of str
        Sentences on what could not be had.

    Raises
    ------
    SourceError
        Not one asset's prices could be fetched.
    """
    asset_ids = list(listing["asset_id"])
    if not source.is_remote:
        with Database.open(config.database) as database:
            count("prices", 0, len(asset_ids))
            prices = read_prices(source, asset_ids, *days)
            # A row that was taken out of a file must not live on in the maps.
            database.upsert_prices(source.name, prices, whole=(asset_ids, days))
            count("prices", len(asset_ids), len(asset_ids))
        return ()
    arrival = _fetch(config, source, asset_ids, days)
    for _ in range(config.fetch.wait_for_day_attempts if wait else 0):
        if arrival.enough(settings.gates.min_on_day):
            break
        absent = len({*arrival.failed, *arrival.late})
        tell(
            f"waiting {config.fetch.wait_for_day_seconds:g} s: "
            f"{absent} of {arrival.expected} assets do not have {days[1]} yet"
        )
        time.sleep(config.fetch.wait_for_day_seconds)
        arrival = _fetch(config, source, asset_ids, days)
    return _notes(arrival, listing, days[1])


@task(name="read prices", cache_policy=NO_CACHE)
def read_prices(source: Source, asset_ids: list[str], start: date, end: date) -> pd.DataFrame:
    """Ask a local source for all histories at once."""
    return pd.concat([source.prices(asset_id, start, end) for asset_id in asset_ids])


@task(name="fetch prices", task_run_name="prices of {asset_id}", cache_policy=NO_CACHE)
def fetch_prices(source: Source, asset_id: str, start: date, end: date) -> pd.DataFrame:
    """Ask a remote source for one history."""
    return source.prices(asset_id, start, end)


def patiently(step: Task[P, R], config: Config) -> Task[P, R]:
    """Let a task try again when its source is down, with growing, jittered waits in between."""
    fetch = config.fetch
    waits = exponential_backoff(backoff_factor=fetch.backoff_seconds)(fetch.attempts - 1)
    return step.with_options(
        retries=fetch.attempts - 1,
        retry_delay_seconds=[min(wait, MAX_BACKOFF_SECONDS) for wait in waits],
        retry_jitter_factor=0.5,
        retry_condition_fn=is_worth_another_try,
    )


def is_worth_another_try(task: AnyTask, run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Tell whether a source was merely down; waits as long as it asked to be left alone."""
    error = state.data
    if not isinstance(error, SourceDownError):
        return False
    if error.retry_after:
        time.sleep(min(error.retry_after, MAX_BACKOFF_SECONDS))
    return True


def _fetch(
    config: Config, source: Source, asset_ids: list[str], days: tuple[date, date]
) -> Arrival:
    with Database.open(config.database) as database:
        missing = database.missing_ranges(source.name, asset_ids, *days)
    failed = _fetch_ranges(config, source, missing) if missing else {}
    if len(failed) == len(asset_ids):
        error = next(iter(failed.values()))
        raise type(error)(f"{source.name}: none of {len(asset_ids)} assets' prices came; {error}")
    with Database.open(config.database) as database:
        recent = database.prices(
            source.name, asset_ids, days[1] - timedelta(days=ALIVE_DAYS), days[1]
        )
    late = tuple(asset_id for asset_id in laggards(recent, days[1]) if asset_id not in failed)
    return Arrival(failed, late, len({*recent["asset_id"], *failed}))


def laggards(recent: pd.DataFrame, day: date) -> tuple[str, ...]:
    """Tell the assets that have a recent price, but none of the day."""
    last = recent.groupby("asset_id")["date"].max()
    return tuple(str(asset_id) for asset_id in last.index[last < pd.Timestamp(day)])


def _fetch_ranges(config: Config, source: Source, missing: Ranges) -> dict[str, SourceError]:
    wanted = [(asset_id, *days) for asset_id, ranges in missing.items() for days in ranges]
    step = patiently(fetch_prices, config)
    failed: dict[str, SourceError] = {}
    fetched: list[tuple[str, date, date, pd.DataFrame]] = []
    count("prices", 0, len(wanted))
    runner: ThreadPoolTaskRunner[pd.DataFrame] = ThreadPoolTaskRunner(config.fetch.concurrency)
    with runner:
        futures: dict[PrefectFuture[pd.DataFrame], tuple[str, date, date]] = {
            runner.submit(step, {"source": source, "asset_id": i, "start": a, "end": b}): (i, a, b)
            for i, a, b in wanted
        }
        for done, future in enumerate(as_completed(list(futures)), start=1):
            try:
                fetched.append((*futures[future], future.result()))
            except SourceError as problem:
                failed[futures[future][0]] = problem
            count("prices", done, len(wanted))
            if len(fetched) >= BATCH or done == len(wanted):
                _store(config, source, fetched)
                fetched = []
    return failed


def _store(
    config: Config, source: Source, fetched: list[tuple[str, date, date, pd.DataFrame]]
) -> None:
    # The database is open for moments only, so that another map can be made meanwhile.
    with Database.open(config.database) as database:
        for asset_id, start, end, prices in fetched:
            database.upsert_prices(source.name, prices, {asset_id: (start, end)})


def _notes(arrival: Arrival, listing: pd.DataFrame, day: date) -> tuple[str, ...]:
    symbols = dict(zip(listing["asset_id"], listing["symbol"], strict=True))
    notes = []
    if arrival.failed:
        reason = next(iter(arrival.failed.values()))
        notes.append(
            f"The prices of {_named(list(arrival.failed), symbols)} could not be fetched "
            f"({reason})."
        )
    if arrival.late:
        notes.append(
            f"No price of {day} had come for {_named(list(arrival.late), symbols)} "
            f"({len(arrival.late)} of {arrival.expected} assets)."
        )
    for note in notes:
        warn(f"note: {note}")
    return tuple(notes)


def _named(asset_ids: list[str], symbols: Mapping[str, str]) -> str:
    named = [f"{symbols.get(i, i)} ({i})" for i in asset_ids[:NAMED]]
    more = len(asset_ids) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
