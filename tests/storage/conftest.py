"""A published copy with two maps, several days and two settings of one day."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from marketmap.run import MapRun
from storage import Database
from tests.storage.published.answering import fetch
from tests.support.runs import AS_OF, make_recovery, make_run, make_settings, store

WEEK_AGO = date(2026, 1, 24)


@dataclass(frozen=True)
class Published:
    """A published copy and the runs in it.

    ``older`` is a run of the newest day that was replaced by ``newest``, with other settings.
    """

    path: Path
    past: MapRun
    older: MapRun
    newest: MapRun
    demo: MapRun


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp('it\'s a "folder"')
    published = Published(
        path=folder / "published" / "marketmap.duckdb",
        past=make_run(as_of=WEEK_AGO, seed=1, n_assets=9),
        older=make_run(seed=2, settings=make_settings(threshold=0.3)),
        newest=make_run(seed=3, n_assets=8),
        demo=make_run("demo", AS_OF, seed=4, settings=make_settings("simulated")),
    )
    with Database.open(folder / "work.duckdb") as database:
        store(database, published.past, published.older, published.newest, published.demo)
        for run in (published.newest, published.demo):
            fetch(database, run.source)
            database.save_finding(make_recovery(run))
        database.publish(published.path)
    return published
