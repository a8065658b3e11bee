"""A run is stored, with what was found out about it, and all runs are published."""

from collections.abc import Iterable

from flows.steps.progress import tell
from flows.steps.signals import note_kept, note_published, signals_wait
from marketmap.config import Config
from marketmap.run import Finding, MapRun
from storage import Database


def save_run(config: Config, run: MapRun, findings: Iterable[Finding] = ()) -> None:
    """Store a run and its findings, in one transaction."""
    with signals_wait():
        with Database.open(config.database) as database:
            database.save_run(run, config.keep, findings)
        note_kept("map")
    tell(f"stored run {run.run_id}")


def publish(config: Config) -> None:
    """Replace the published copy that people query."""
    with signals_wait():
        with Database.open(config.database) as database:
            database.publish(config.published)
        note_published()
    tell(f"published {config.published}")
