from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from storage import Database
from storage.engine.schema import migrate, newest_version, schema_version
from storage.engine.sql_files import migrations
from tests.support.tables import dump

KNOWN = migrations()
GOOD = (len(KNOWN) + 1, "good", "ALTER TABLE store.runs ADD COLUMN extra INTEGER")
BAD = (len(KNOWN) + 2, "bad", "CREATE TABLE store.half (a INTEGER); SELECT * FROM nowhere;")


def test_migrations_are_numbered_without_gaps() -> None:
    assert [number for number, _, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_records_every_migration(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "work.duckdb"
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        found = connection.execute("SELECT version, name FROM store.schema_version").fetchall()
        assert schema_version(connection) == newest_version()
    assert found == [(number, name) for number, name, _ in migrations()]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    Database.open(path).close()
    before = dump(path)
    Database.open(path).close()
    assert dump(path) == before


def test_only_what_is_new_is_applied() -> None:
    with duckdb.connect() as connection:
        migrate(connection, "it", KNOWN)
        migrate(connection, "it", [*KNOWN, GOOD])
        assert schema_version(connection) == GOOD[0]
        assert connection.execute("SELECT extra FROM store.runs").fetchall() == []


def test_a_failing_migration_leaves_the_last_good_state() -> None:
    with duckdb.connect() as connection:
        with pytest.raises(StorageError, match=r"it: migration bad: .*nowhere") as caught:
            migrate(connection, "it", [*KNOWN, GOOD, BAD])
        assert "\n" not in str(caught.value)
        assert schema_version(connection) == GOOD[0]
        with pytest.raises(duckdb.CatalogException):
            connection.execute("FROM store.half")


def test_a_newer_database_is_refused_with_a_sentence_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "INSERT INTO store.schema_version VALUES (99, 'later', now()::TIMESTAMP)"
        )
    before = dump(path)
    with pytest.raises(StorageError, match=r"made by a newer marketmap \(schema version 99"):
        Database.open(path)
    assert dump(path) == before
    Database.open(tmp_path / "other.duckdb").close()


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(StorageError, match="expected a database made by marketmap"):
        Database.open(path)


def test_views_are_made_anew_when_their_files_have_changed(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE OR REPLACE VIEW latest_runs AS SELECT 1 AS old")
        connection.execute("UPDATE store.views SET digest = 'of older files'")
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        columns = connection.execute("DESCRIBE latest_runs").fetchall()
    assert columns[0][0] == "map"


def test_no_table_has_an_index_or_a_key(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("FROM duckdb_indexes()").fetchall() == []
        kinds = connection.execute("SELECT DISTINCT constraint_type FROM duckdb_constraints()")
        assert kinds.fetchall() == [("NOT NULL",)]
