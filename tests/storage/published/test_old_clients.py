"""Every DuckDB that the docs promise reads the published copy, in every way that they name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage import Database, cookbook, list_views
from tests.storage.published.answering import fetch
from tests.support.runs import listing_of, make_recovery, make_run, make_settings, raw_prices

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "tests" / "support" / "old_client.py"
VERSIONS = ("1.2.0", "1.3.2", "1.5.6")
"""The oldest that is promised, one of the middle, and the newest 1.x; .ci/run installs them."""
WAYS = ("opened", "attached", "used")


def python_with(version: str) -> str:
    """Return a Python that has a version of DuckDB; skip where there is none, but not in CI."""
    folder = os.environ.get("MARKETMAP_OLD_DUCKDB")
    python = Path(folder or "nowhere") / version / "bin" / "python"
    if not python.exists() and not os.environ.get("CI"):
        pytest.skip(f"MARKETMAP_OLD_DUCKDB names no folder with DuckDB {version}; .ci/run makes it")
    return str(python)


def ask(python: str, copy: Path, way: str) -> dict:
    """Let a client read all views and ask all queries of the cookbook."""
    asked = json.dumps({"copy": str(copy), "way": way, "queries": cookbook()})
    command = [python, str(CLIENT)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish as the daily flow does, which opens the database for each step anew, and twice."""
    folder = tmp_path_factory.mktemp("it's published")
    work, copy = folder / "work.duckdb", folder / "published" / "marketmap.duckdb"
    run, again = (
        make_run(seed=seed, n_assets=20, settings=make_settings(window_days=365)) for seed in (0, 1)
    )
    for made in (run, again):
        with Database.open(work) as database:
            database.save_listing(made.source, made.as_of, listing_of(made))
        with Database.open(work) as database:
            database.upsert_prices(made.source, raw_prices(made))
            fetch(database, made.source)
        with Database.open(work) as database:
            database.save_run(made, found=[make_recovery(made)])
        with Database.open(work) as database:
            database.publish(copy)
    return copy


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_older_clients_answer_what_ours_answers(copy: Path, version: str, way: str) -> None:
    found = ask(python_with(version), copy, way)
    assert found["version"] == version
    assert found["answers"] == ask(sys.executable, copy, way)["answers"]
    assert found["without_comment"] == []


@pytest.mark.parametrize("way", WAYS)
def test_our_own_version_reads_every_view_in_every_way(copy: Path, way: str) -> None:
    found = ask(sys.executable, copy, way)
    views = {name: told for name, told in found["answers"].items() if not name.endswith(".sql")}
    assert sorted(views) == list(list_views(copy))
    assert [name for name, told in views.items() if told.startswith("0 ")] == []


def test_all_metadata_is_written_anew_by_each_checkpoint(tmp_path: Path) -> None:
    """Or clients before 1.4 may not find it: by the file's layout, which no test can count on."""
    with Database.open(tmp_path / "work.duckdb") as database:
        setting = "SELECT current_setting('experimental_metadata_reuse')"
        assert database._connection.execute(setting).fetchall() == [(False,)]


def test_the_docs_promise_what_is_tested() -> None:
    oldest = f"DuckDB {VERSIONS[0].removesuffix('.0')} or newer"
    for page in ("README.md", "docs/database.md"):
        assert oldest in " ".join((ROOT / page).read_text(encoding="utf-8").split()), page
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert " ".join(VERSIONS) in ci
