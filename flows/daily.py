"""The whole product, from top to bottom: one map of one day.

Each task calls one function of a room below, so everything here can be done from a notebook too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from prefect import flow, runtime, task
from prefect.artifacts import create_link_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.steps.answers import listing_key, store_answers
from flows.steps.fallback import window_prices
from flows.steps.lock import map_lock
from flows.steps.prices import bring_prices, history_start, named
from flows.steps.progress import tell, warn
from flows.steps.report import keep_report
from flows.steps.signals import note_kept, note_published, signals_wait
from marketmap.agreement.recovery import measure_recovery
from marketmap.config import Config, load_config
from marketmap.errors import ConfigError, SourceDownError
from marketmap.pipeline import fit_universe
from marketmap.run import MapRun, Recovery
from marketmap.settings import MapSettings
from marketmap.sources import open_source
from marketmap.sources.base import Source, is_remote
from marketmap.structure import MarketStructure
from marketmap.universe.select import Universe, select_universe
from storage import Database, load_run


@dataclass(frozen=True)
class Listed:
    """A listing, and whether it is of a later day than the map's."""

    assets: pd.DataFrame
    survivors_only: bool


@dataclass(frozen=True)
class Made:
    """What a run gives: the map, and where its report lies."""

    run: MapRun
    report: Path


def run_name() -> str:
    """Name a run in Prefect's UI."""
    given = runtime.flow_run.parameters
    return f"{given.get('map_name') or 'default map'}, {given.get('as_of') or 'newest day'}"


@flow(name="daily", flow_run_name=run_name)
def daily(
    map_name: str | None = None,
    as_of: date | None = None,
    config_path: Path = Path("config.yaml"),
    wait_seconds: float = 0.0,
) -> Made:
    """Make a map: list, fetch, choose, fit, store, publish, draw.

    ``wait_seconds`` is how long to wait while another process makes the same map.
    """
    config = load_config(config_path)
    name = map_name or config.default_map
    settings = config.map_settings(name)
    with map_lock(config, name, wait_seconds):
        source = open_source(settings.source, config.fetch, config.folder)
        last = source.last_day(datetime.now(UTC))
        day = as_of_day(as_of, last, source)
        tell(f"map {name}, as of {day}, from {source.name}")
        listed = list_assets(config, settings, source, day, last)
        tell(f"listed {len(listed.assets)} assets")
        days = (history_start(settings, day), day)
        notes = bring_prices(config, settings, source, listed.assets, days, wait=day == last)
        run = make_map(config, name, source, day, listed, notes)
        publish(config)
        return Made(run, draw(config, run))


def as_of_day(as_of: date | None, last: date, source: Source, option: str = "--as-of") -> date:
    """Return the day to map: the one asked for, which must be over, or the last that is."""
    if as_of is not None and as_of > last:
        raise ConfigError(
            f"{option} {as_of}: the last complete day that {source.name} can have is {last}"
        )
    return as_of or last


def list_assets(
    config: Config, settings: MapSettings, source: Source, day: date, last: date
) -> Listed:
    """Return the assets of a day.

    A remote source is not asked where a listing of that very day is stored. If it knows no past
    listings either, it is today's, in which what vanished since is missing.
    """
    survivors_only = day < last and not source.has_past_listings
    stored: pd.DataFrame | None = None
    if is_remote(source):
        wanted = settings.universe.n_candidates
        stored = stored_listing(config, listing_key(source, settings), day)
        if stored is not None and (day < last or len(stored) >= wanted):
            return Listed(stored.head(wanted), survivors_only=False)
        if survivors_only:
            todays = list_assets(config, settings, source, last, last)
            return Listed(todays.assets, survivors_only=True)
    try:
        listing = fetch_listing(config, source, day, settings)
    except SourceDownError as error:
        if stored is None:
            raise
        warn(f"{error}; the listing that was stored of {day} is taken")
        return Listed(stored, survivors_only=False)
    store_listing(config, listing_key(source, settings), day, listing)
    return Listed(listing, survivors_only)


def make_map(
    config: Config, name: str, source: Source, day: date, listed: Listed, notes: tuple[str, ...]
) -> MapRun:
    """Make and store the map of a day from prices that are stored."""
    settings = config.map_settings(name)
    days = (history_start(settings, day), day)
    prices, price_sources = stored_prices(config, settings, source, listed.assets, days)
    universe = choose(listed.assets, prices, day, settings).priced_by(price_sources)
    tell(f"chose {len(universe.assets)} assets, left {len(universe.exclusions)} out")
    structure = fit(universe, settings)
    tell(f"found {structure.diagnostics.n_clusters} clusters")
    run = MapRun(
        map=name,
        as_of=day,
        settings=settings,
        source=source.name,
        universe=universe,
        structure=structure,
        survivors_only=listed.survivors_only,
        recovery=recover(structure, settings),
        notes=(*source.notes, *notes, *foreign_prices(universe, source.name)),
    )
    save(config, run)
    tell(f"stored run {run.run_id}")
    return run


def foreign_prices(universe: Universe, source_name: str) -> Iterator[str]:
    """Return a sentence that says which assets' prices are not those of the map's own source."""
    foreign = universe.assets[universe.assets["price_source"] != source_name]
    for name, assets in foreign.groupby("price_source"):
        symbols = dict(assets["symbol"])
        yield f"All prices of {named(list(symbols), symbols)} are those of {name}."


@task(name="fetch listing", cache_policy=NO_CACHE)
def fetch_listing(config: Config, source: Source, day: date, settings: MapSettings) -> pd.DataFrame:
    """Ask the source for its largest assets."""
    wanted = (settings.universe.n_candidates, settings.universe.rank_by)
    if not is_remote(source):
        return source.listing(day, *wanted)
    answer = source.ask_listing(day, *wanted)
    store_answers(config, source.name, [answer])
    return answer.unwrap()


@task(name="stored listing", cache_policy=NO_CACHE)
def stored_listing(config: Config, key: str, day: date) -> pd.DataFrame | None:
    """Read the listing of this very day back, where there is one."""
    with Database.open(config.database) as database:
        stored = database.listing(key, day)
    return stored[0] if stored is not None and stored[1] == day else None


@task(name="store listing", cache_policy=NO_CACHE)
def store_listing(config: Config, key: str, day: date, listing: pd.DataFrame) -> None:
    """Keep the listing: a source seldom tells a past one."""
    with Database.open(config.database) as database:
        database.save_listing(key, day, listing)


@task(name="stored prices", cache_policy=NO_CACHE)
def stored_prices(
    config: Config,
    settings: MapSettings,
    source: Source,
    listing: pd.DataFrame,
    days: tuple[date, date],
) -> tuple[pd.DataFrame, pd.Series]:
    """Read the window's prices back, and tell from which source each asset's are."""
    with Database.open(config.database) as database:
        return window_prices(database, settings, source, list(listing["asset_id"]), days)


@task(name="choose universe", cache_policy=NO_CACHE)
def choose(
    listing: pd.DataFrame, prices: pd.DataFrame, day: date, settings: MapSettings
) -> Universe:
    """Choose the largest assets whose prices pass every gate."""
    return select_universe(listing, prices, day, settings)


@task(name="fit structure", cache_policy=NO_CACHE)
def fit(universe: Universe, settings: MapSettings) -> MarketStructure:
    """Fit the model to the universe's returns."""
    return fit_universe(universe, settings)


@task(name="measure recovery", cache_policy=NO_CACHE)
def recover(structure: MarketStructure, settings: MapSettings) -> Recovery | None:
    """Measure, on a simulated market, how much of what was planted the map finds."""
    return measure_recovery(structure, settings)


@task(name="save run", cache_policy=NO_CACHE)
def save(config: Config, run: MapRun) -> None:
    """Store the map, in one transaction."""
    with signals_wait():
        with Database.open(config.database) as database:
            database.save_run(run, config.keep)
        note_kept("map")


@task(name="publish", cache_policy=NO_CACHE)
def publish(config: Config) -> None:
    """Replace the published copy that people query."""
    with signals_wait():
        with Database.open(config.database) as database:
            database.publish(config.published)
        note_published()
    tell(f"published {config.published}")


@task(name="draw report", cache_policy=NO_CACHE)
def draw(config: Config, run: MapRun) -> Path:
    """Draw the report from the published copy, and show it and the clusters in Prefect."""
    stored = load_run(run.map, run.as_of, config.published)
    report = keep_report(config, stored)
    key = run.map.replace("_", "-")
    create_link_artifact(
        link=report.absolute().as_uri(),
        link_text=f"{run.map} as of {run.as_of}",
        key=f"{key}-report",
    )
    create_table_artifact(cluster_table(run.structure), key=f"{key}-clusters")
    return report


def cluster_table(structure: MarketStructure) -> list[dict[str, str | int]]:
    """List the clusters, the largest first, with their exemplars and members."""
    return [
        {
            "cluster": str(cluster),
            "exemplar": ", ".join(members.loc[members["is_exemplar"], "symbol"]),
            "assets": len(members),
            "symbols": ", ".join(members["symbol"]),
        }
        for cluster, members in structure.assets.groupby("cluster")
    ]
