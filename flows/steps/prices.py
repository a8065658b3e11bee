"""Prices come in: what is missing is fetched and stored as it comes; a late day is waited for."""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from flows.steps.fallback import bring_second, second_door, window_prices
from flows.steps.missing import fetch_windows, missing_windows, release_common_moves
from flows.steps.progress import count, tell, warn
from marketmap.config import Config
from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FilesSettings, MapSettings
from marketmap.sources.answers import Window
from marketmap.sources.base import RemoteSource, Source, is_remote
from storage import Database

SESSIONS_A_WEEK = 5
HOLIDAY_MARGIN_DAYS = 10
ALIVE_DAYS = 7
"""An asset with a price this recently is expected to have one on the as-of day as well."""
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

    def without(self, asset_ids: Collection[str]) -> "Arrival":
        """Take out the assets that came from elsewhere."""
        failed = {i: error for i, error in self.failed.items() if i not in asset_ids}
        late = tuple(asset_id for asset_id in self.late if asset_id not in asset_ids)
        return replace(self, failed=failed, late=late)


def history_start(settings: MapSettings, day: date) -> date:
    """Return the first day whose prices a window that ends at ``day`` can need."""
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
        The prices of too many assets could not be had.
    """
    asset_ids = list(listing["asset_id"])
    if not is_remote(source):
        with Database.open(config.database) as database:
            count("prices", 0, len(asset_ids))
            prices = read_prices(source, asset_ids, *days)
            # A row that was taken out of a file must not live on in the maps.
            database.upsert_prices(source.name, prices, whole=(asset_ids, days))
            count("prices", len(asset_ids), len(asset_ids))
        return ()
    arrival = _arrive(config, source, asset_ids, days)
    for _ in range(config.fetch.wait_for_day_attempts if wait else 0):
        if arrival.enough(settings.gates.min_on_day) or source.has_given_up:
            break
        absent = len({*arrival.failed, *arrival.late})
        tell(
            f"waiting {config.fetch.wait_for_day_seconds:g} s: "
            f"{absent} of {arrival.expected} assets do not have {days[1]} yet"
        )
        time.sleep(config.fetch.wait_for_day_seconds)
        arrival = _arrive(config, source, asset_ids, days)
    note = bring_second(config, settings, source, listing, days)
    arrival = arrival.without(_from_second(config, settings, source, asset_ids, days))
    _refuse_too_few(config, source, arrival, days[1], late_too=wait)
    return (*_notes(arrival, listing, days[1]), *([note] if note else []))


@task(name="read prices", cache_policy=NO_CACHE)
def read_prices(source: Source, asset_ids: list[str], start: date, end: date) -> pd.DataFrame:
    """Ask a local source for all histories at once."""
    return pd.concat([source.prices(asset_id, start, end) for asset_id in asset_ids])


@task(name="fetch prices", cache_policy=NO_CACHE)
def fetch_prices(
    config: Config, source: RemoteSource, windows: Sequence[Window]
) -> dict[str, SourceError]:
    """Ask for windows and store what comes as it comes; tell what failed, by asset id."""
    return fetch_windows(config, source, windows)


def _arrive(
    config: Config, source: RemoteSource, asset_ids: list[str], days: tuple[date, date]
) -> Arrival:
    windows = missing_windows(config, source, asset_ids, days)
    if not windows:
        tell("no price is missing")
    failed = fetch_prices(config, source, windows) if windows else {}
    with Database.open(config.database) as database:
        release_common_moves(database, source.name)
        recent = database.prices(
            source.name, asset_ids, days[1] - timedelta(days=ALIVE_DAYS), days[1]
        )
    late = tuple(asset_id for asset_id in laggards(recent, days[1]) if asset_id not in failed)
    return Arrival(failed, late, len({*recent["asset_id"], *failed}))


def _from_second(
    config: Config,
    settings: MapSettings,
    source: Source,
    asset_ids: list[str],
    days: tuple[date, date],
) -> set[str]:
    """Return the assets whose prices come from the second source."""
    if second_door(settings) is None:
        return set()
    with Database.open(config.database) as database:
        _, sources = window_prices(database, settings, source, asset_ids, days)
    return set(sources.index[sources != source.name])


def _refuse_too_few(
    config: Config, source: Source, arrival: Arrival, day: date, *, late_too: bool
) -> None:
    """Make no map of half a market: what came stays stored, and the rest is asked for next time."""
    absent = {*arrival.failed, *(arrival.late if late_too else ())}
    share = config.fetch.min_answered
    n_came = arrival.expected - len(absent)
    if n_came >= share * arrival.expected and (n_came or not absent):
        return
    said = (
        f"{source.name}: {n_came} of {arrival.expected} assets' prices up to {day} came, expected "
        f"{share:.0%} or more (fetch.min_answered)"
    )
    if not arrival.failed:
        raise SourceDownError(f"{said}; the others are late")
    error = next(iter(arrival.failed.values()))
    kind = SourceDownError if isinstance(error, SourceDownError) else SourceError
    raise kind(f"{said}; {error}; what came is stored, the next run asks for the rest")


def laggards(recent: pd.DataFrame, day: date) -> tuple[str, ...]:
    """Return the assets that have a recent price, but none of the day."""
    last = recent.groupby("asset_id")["date"].max()
    return tuple(str(asset_id) for asset_id in last.index[last < pd.Timestamp(day)])


def _notes(arrival: Arrival, listing: pd.DataFrame, day: date) -> tuple[str, ...]:
    symbols = dict(zip(listing["asset_id"], listing["symbol"], strict=True))
    notes = []
    if arrival.failed:
        reason = next(iter(arrival.failed.values()))
        notes.append(
            f"The prices of {named(list(arrival.failed), symbols)} could not be fetched ({reason})."
        )
    if arrival.late:
        notes.append(
            f"No price of {day} had come for {named(list(arrival.late), symbols)} "
            f"({len(arrival.late)} of {arrival.expected} assets)."
        )
    for note in notes:
        warn(f"note: {note}")
    return tuple(notes)


def named(asset_ids: Sequence[str], symbols: Mapping[str, str]) -> str:
    """Name some assets, and say how many more there are."""
    some = [f"{symbols.get(i, i)} ({i})" for i in asset_ids[:NAMED]]
    more = len(asset_ids) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "")
