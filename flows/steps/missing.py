"""What is missing is asked for, and stored as it comes; without Prefect."""

import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from flows.steps.disputes import Disputes, Settled, keep_sound, settle
from flows.steps.progress import count
from marketmap.config import Config
from marketmap.sources.answers import Answer, Window
from marketmap.sources.base import RemoteSource
from marketmap.sources.checks import common_moves, days_to_compare
from marketmap.sources.fetching import Progress, fetch
from storage import Database

REVISED = timedelta(days=3)
"""So many stored days are asked for again together with the missing ones: the source's newest days
are revised most, and one request holds them all."""


def missing_windows(
    config: Config, source: RemoteSource, asset_ids: Iterable[str], days: tuple[date, date]
) -> list[Window]:
    """Return what has to be asked for, with a few stored days that may have been revised."""
    with Database.open(config.database) as database:
        missing = database.missing_ranges(source.name, asset_ids, *days)
    return [
        window
        for asset_id, ranges in missing.items()
        for first, last in ranges
        for window in source.windows(asset_id, first - REVISED, last)
    ]


def fetch_windows(config: Config, source: RemoteSource, windows: Sequence[Window]) -> Settled:
    """Ask for windows, store what comes as it comes, and say how far it is.

    What contradicts stored prices is asked for again at the end, as a whole.

    Returns
    -------
    Settled
        Why an asset could not be had as a whole, and what was wrong with stored prices.
    """
    if not windows:
        return Settled()
    started = time.monotonic()
    disputes: Disputes = {}

    def show(progress: Progress) -> None:
        count(
            "prices",
            progress.n_assets_done,
            progress.n_assets,
            f"{progress.n_rows:,} rows, {progress.n_retries} retries"
            + time_left(progress, time.monotonic() - started),
        )

    def keep(answers: Sequence[Answer]) -> None:
        keep_sound(config, source.name, answers, disputes)

    failed = fetch(source, windows, keep, show, concurrency=config.fetch.concurrency)
    settled = settle(config, source, disputes)
    return Settled({**failed, **settled.failed}, settled.replaced)


def time_left(progress: Progress, seconds: float) -> str:
    """Return how long the rest will take, if the rest goes as what is done."""
    left = progress.n_windows - progress.n_answered
    if not left or not progress.n_answered:
        return ""
    minutes = left * seconds / progress.n_answered / 60
    return f", {minutes:.0f} min left" if minutes >= 1 else ", less than a minute left"


def release_common_moves(database: Database, source_name: str) -> None:
    """Store the quarantined spikes after all that the whole market has made."""
    held = database.quarantine(source_name)
    held = held[held["reason"] == "spike"]
    if held.empty:
        return
    prices = database.prices(source_name, set(held["asset_id"]), *days_to_compare(held))
    moves = database.market_moves(source_name, held["date"].dt.date.unique())
    database.release(source_name, held[common_moves(held, prices, moves)])
