"""``marketmap doctor``: looks at everything a run needs and says what to do where it is missing."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

from flows.cli.common import span, with_advice
from flows.service.environment import (
    answers,
    prefect_home,
    proxy_variables,
    running_server,
)
from flows.service.prefect_database import damage
from flows.steps.context import source_of
from flows.steps.each_map import was_made
from flows.steps.integrity import Finding, look_at_data
from marketmap.config import Config, load_config
from marketmap.errors import MarketmapError
from marketmap.precision.compiling import compile_once
from marketmap.printing import plural
from marketmap.settings import REMOTE_KINDS
from marketmap.sources.disputes import SETTLED, UNSETTLED
from storage import Database, stored_days, stored_maps

LOW_DISK, NO_DISK = 5e9, 5e8  # bytes
ASKED = 10
LATELY = timedelta(days=7)
TOLD_FOR = timedelta(days=30)
"""So long it is told that stored prices were wrong and have been replaced."""
SHOWN = 10


def examine(
    config_path: Path, map_name: str | None, *, thorough: bool = False
) -> Iterator[Finding]:
    """Look at config, data folder, all that is kept there, Prefect and each map's source."""
    try:
        config = load_config(config_path)
        names = [map_name] if map_name else list(config.maps)
        for name in names:
            config.map_settings(name)
    except MarketmapError as error:
        yield Finding("fail", "config", f"{error}")
        return
    yield Finding("ok", "config", f"{config_path}, maps: {', '.join(config.maps)}")
    yield _data_folder(config)
    yield _disk(config)
    yield _solver()
    yield from look_at_data(config, thorough=thorough)
    yield _prefect(config)
    yield from _proxies()
    served = config.scheduled_maps if running_server(config) else ()
    for name in names:
        is_needed = bool(map_name) or name in served or _was_made(config, name)
        yield _source(config, name, is_needed=is_needed)
        yield from _fetching(config, name)
        yield _published(config, name)


def _data_folder(config: Config) -> Finding:
    try:
        prefect_home(config)
    except MarketmapError as error:
        return Finding("fail", "data folder", str(error))
    return Finding("ok", "data folder", f"{config.data_dir} can be written to")


def _disk(config: Config) -> Finding:
    folder = config.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free"
    if free < NO_DISK:
        return Finding("fail", "disk", f"{said}; a run needs room for a copy of its database")
    if free < LOW_DISK:
        return Finding("warn", "disk", f"{said}; make room before it runs out")
    return Finding("ok", "disk", said)


def _solver() -> Finding:
    """Load the compiled solver, which mends what is kept of it."""
    folder, trouble = compile_once()
    if folder is None:
        said = trouble or "runs as plain Python, as NUMBA_DISABLE_JIT is set; that is slow"
        return Finding("warn", "solver", said)
    if trouble:
        return Finding("warn", "solver", f"{trouble}; it has been compiled again")
    return Finding("ok", "solver", f"compiled and whole, in {folder}")


def _prefect(config: Config) -> Finding:
    try:
        versions = f"Prefect {version('prefect')}, FastAPI {version('fastapi')}"
    except PackageNotFoundError as error:
        return Finding("fail", "prefect", f"{error}; install marketmap anew")
    url = os.environ.get("PREFECT_API_URL")
    if url and not answers(url):
        said = f"no server answers at PREFECT_API_URL={url}; start it, or unset the variable"
        return Finding("fail", "prefect", said)
    url = url or running_server(config)
    home = config.data_dir / "prefect"
    if problem := damage(home):
        said = f"{home / 'prefect.db'}: damaged ({problem}); end marketmap serve and start it again"
        return Finding("warn", "prefect", f"{said}: it begins a new record; no map is in it")
    said = f"server at {url}" if url else "no server is up; runs are not recorded"
    return Finding("ok", "prefect", f"{versions}; {said}")


def _proxies() -> Iterator[Finding]:
    names = sorted(proxy_variables(os.environ))
    if names:
        said = f"{', '.join(names)} set; used for other hosts, never for a server on this machine"
        yield Finding("ok", "proxy", said)


def _was_made(config: Config, name: str) -> bool:
    try:
        return was_made(config, name)
    except MarketmapError:  # what cannot be read has a line of its own
        return True


def _source(config: Config, name: str, *, is_needed: bool) -> Finding:
    """Ask a source.

    A failure is no alarm where nobody needs the map: it is not asked for by name, was never made,
    and no service is running that makes it.
    """
    what, settings = f"source of {name}", config.map_settings(name)
    # Whoever waits for a diagnosis wants to know soon; a second try confirms an odd listing.
    fetch = config.fetch.model_copy(update={"attempts": min(2, config.fetch.attempts)})
    try:
        source = source_of(config, name, fetch)
        last = source.last_day(datetime.now(UTC))
        listing = source.listing(last, ASKED, settings.universe.rank_by)
    except MarketmapError as error:
        return Finding("fail" if is_needed else "warn", what, with_advice(error))
    largest = listing["asset_id"].iloc[0]
    can = "answers" if source.is_remote else "can be read"
    return Finding("ok", what, f"{source.name} {can}; last day {last}, largest asset {largest}")


def _fetching(config: Config, name: str) -> Iterator[Finding]:
    """Yield what was asked for lately, and which rows are kept out of the prices."""
    settings = config.map_settings(name)
    if settings.source.kind not in REMOTE_KINDS or not config.database.exists():
        return
    try:
        source = source_of(config, name)
        with Database.open(config.database, wait_seconds=2) as database:
            asked = database.requests_since(source.name, datetime.now(UTC) - LATELY)
            kept_out = database.quarantine(source.name, open_only=False)
    except MarketmapError as error:
        yield Finding("fail", f"requests of {name}", str(error))
        return
    yield _requests(f"requests of {name}", asked)
    is_in_doubt = kept_out["reason"].isin([*SETTLED, *UNSETTLED])
    yield from _contradictions(f"contradictions of {name}", name, kept_out[is_in_doubt])
    yield from _quarantine(f"quarantine of {name}", kept_out[kept_out["is_open"] & ~is_in_doubt])


def _requests(what: str, asked: pd.DataFrame) -> Finding:
    counts = dict(zip(asked["outcome"], asked["n_requests"], strict=True))
    total = sum(counts.values())
    if not total:
        return Finding("ok", what, "none in the last seven days")
    said = f"{total:,} in the last seven days, {counts.get('accepted', 0):,} accepted"
    failed = asked[asked["outcome"] != "accepted"].sort_values("newest_at")
    if failed.empty:
        return Finding("ok", what, said)
    newest = failed.iloc[-1]
    when, why = newest["newest_at"], newest["newest_detail"]
    said += f"; the last that was not, at {when:%Y-%m-%d %H:%M} UTC: {why}"
    return Finding("ok" if counts.get("accepted") else "warn", what, said)


def _contradictions(what: str, name: str, rows: pd.DataFrame) -> Iterator[Finding]:
    """Yield a line for each asset of which a source has told prices that contradict others."""
    since = datetime.now(UTC).replace(tzinfo=None) - TOLD_FOR
    is_shown = (rows["reason"].isin(UNSETTLED) & rows["is_open"]) | (
        rows["reason"].isin(SETTLED) & (rows["last_seen"] >= since)
    )
    for (asset_id, reason), days in rows[is_shown].groupby(["asset_id", "reason"]):
        newest = days.sort_values("last_seen").iloc[-1]
        said = f"{newest['symbol']} ({asset_id}), {plural(len(days), 'day')} kept out on "
        said += f"{newest['last_seen']:%Y-%m-%d}: {reason}, {newest['detail']}"
        if reason in SETTLED:
            said += f"; maps made before may show it: marketmap rebuild --map {name}"
        else:
            said += "; it is on no map of these days, and asked for again by the next run"
        yield Finding("warn", what, said)


def _quarantine(what: str, held: pd.DataFrame) -> Iterator[Finding]:
    """Yield the rows that are kept out, each with its reason."""
    if held.empty:
        yield Finding("ok", what, "no day is kept out of the prices")
        return
    for row in held.sort_values(["date", "asset_id"], ascending=False).head(SHOWN).itertuples():
        said = f"{row.symbol} ({row.asset_id}) on {row.date:%Y-%m-%d}: {row.reason}, {row.detail}"
        yield Finding("warn", what, said)
    if len(held) > SHOWN:
        said = f'and {len(held) - SHOWN} more days; all: marketmap sql "from quarantine"'
        yield Finding("warn", what, said)


def _published(config: Config, name: str) -> Finding:
    what = f"maps of {name}"
    try:
        is_stored = name in stored_maps(config.published)
        days = stored_days(config.published, name) if is_stored else []
    except MarketmapError as error:
        return Finding("warn", what, str(error))
    if not days:
        return Finding("warn", what, f"no day is stored; to make one: marketmap run --map {name}")
    return Finding("ok", what, span(days))
