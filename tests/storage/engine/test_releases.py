"""Migrations that were released never change, and bring an older database up to date."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from storage import Database, load, verify
from storage.engine import schema
from storage.engine.schema import migrate, schema_version
from storage.engine.sql_files import migrations
from tests.support.runs import make_recovery, make_run, make_settings, store
from tests.support.tables import dump

FROZEN: dict[int, str] = {}
"""First digits of the SHA-256 of each migration that a release has applied."""

LATER = (
    len(migrations()) + 1,
    "later",
    """
    ALTER TABLE store.run_assets ADD COLUMN sector VARCHAR;
    CREATE TABLE store.run_confidence (run_id VARCHAR, as_of DATE, asset_id VARCHAR, value DOUBLE);
    INSERT INTO store.run_confidence SELECT run_id, as_of, asset_id, 0.5 FROM store.run_assets;
    INSERT INTO store.run_diagnostics
    SELECT run_id, as_of, 'clustering:later', 'silhouette', 0.5 FROM store.runs;
    """,
)
"""What a later version may add: a column, a table, a part with a diagnostic."""


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program know one migration more."""
    monkeypatch.setattr(schema, "migrations", lambda: (*migrations(), LATER))


def test_migrations_of_releases_are_frozen() -> None:
    found = {
        number: hashlib.sha256(sql.encode()).hexdigest()[:16]
        for number, _, sql in migrations()
        if number in FROZEN
    }
    assert found == FROZEN


def make_database(path: Path) -> None:
    demo = make_run("demo", settings=make_settings("simulated"))
    with Database.open(path) as database:
        store(database, make_run(), demo)
        database.save_finding(make_recovery(demo))


def test_an_older_database_opens_with_all_that_was_in_it(tmp_path: Path, later: None) -> None:
    path = tmp_path / "work.duckdb"
    with pytest.MonkeyPatch.context() as older:
        older.setattr(schema, "migrations", migrations)
        make_database(path)
        before = dump(path)
        structure = load("demo", database=path)
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        assert schema_version(connection) == LATER[0]
    after = dump(path)
    for table in ("prices", "listings", "run_clusters", "run_edges", "run_checksums", "findings"):
        assert after[table] == before[table]
    assert load("demo", database=path).precision.equals(structure.precision)


def test_what_a_later_version_adds_is_no_damage_to_older_runs(tmp_path: Path, later: None) -> None:
    path = tmp_path / "work.duckdb"
    with pytest.MonkeyPatch.context() as older:
        older.setattr(schema, "migrations", migrations)
        make_database(path)
    Database.open(path).close()
    assert list(verify(path, every_run=True)) == []


def test_a_database_of_a_later_version_is_refused_by_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    make_database(path)
    with duckdb.connect(str(path)) as connection:
        migrate(connection, "it", [*migrations(), LATER])
    with pytest.raises(StorageError, match="was made by a newer marketmap"):
        Database.open(path)
