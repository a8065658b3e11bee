"""The whole product, from top to bottom: one map of one day.

Each task is a step that works without Prefect too, so everything here can be done from a notebook.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.recording import flow, parameters, show, task
from flows.steps import keeping, listing, make_map, prices, report
from flows.steps.context import MapContext, open_map
from flows.steps.listing import Listing
from flows.steps.progress import tell
from marketmap import pipeline
from marketmap.config import Config
from marketmap.printing import plural
from storage import StoredRun

list_assets = task("list assets", listing.list_assets)
bring_prices = task("bring prices", prices.bring_prices)
read_inputs = task("read inputs", make_map.read_inputs)
compute_run = task("compute run", pipeline.compute_run)
findings_of = task("findings", make_map.findings_of)
save_run = task("save run", keeping.save_run)
publish = task("publish", keeping.publish)
draw_report = task("draw report", report.draw_report)


@dataclass(frozen=True)
class RunResult:
    """What a run gives: the map as it is stored, and where its report lies."""

    stored: StoredRun
    report: Path


def run_name() -> str:
    """Name a run in Prefect's UI."""
    given = parameters()
    return f"{given.get('map_name') or 'default map'}, {given.get('as_of') or 'newest day'}"


@flow("daily", run_name)
def daily(
    map_name: str | None = None,
    as_of: date | None = None,
    config_path: Path = Path("config.yaml"),
    wait_seconds: float = 0.0,
) -> RunResult:
    """Make a map: list, fetch, choose, fit, store, publish, draw.

    ``wait_seconds`` is how long to wait while another process makes the same map.
    """
    with open_map(config_path, map_name, wait_seconds) as context:
        return run_day(context, as_of)


def run_day(context: MapContext, as_of: date | None) -> RunResult:
    """Make the map of a day, the last one where none is named."""
    day = context.day(as_of)
    tell(f"map {context.name}, as of {day}, from {context.source.name}")
    listed = list_assets(context, day)
    tell(f"listed {plural(len(listed.assets), 'asset')}")
    wait = day == context.last_day
    notes = bring_prices(context, listed.assets, context.window(day), wait=wait)
    store_map(context, day, listed, notes)
    publish(context.config)
    return draw(context.config, context.name, day)


def store_map(context: MapContext, day: date, listed: Listing, notes: Sequence[str]) -> None:
    """Make and store the map of a day from prices that are stored."""
    inputs = read_inputs(context, day, listed, notes)
    run = compute_run(inputs)
    save_run(context.config, run, findings_of(run))


def draw(config: Config, map_name: str, day: date) -> RunResult:
    """Draw the report from the published copy, and show it and the clusters in Prefect."""
    stored, path = draw_report(config, map_name, day)
    show(map_name, day, path, report.cluster_table(stored.run.structure))
    return RunResult(stored, path)
