"""A database that any release made opens today, with all that was in it."""

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import pytest

from storage import Database, load, load_run, query
from storage.engine.schema import newest_version
from storage.engine.sql_files import migrations
from tests.support.tables import dump

SEEDS = Path(__file__).parent / "releases"

FROZEN = {
    1: "accfa4773df44302",
    2: "dbb26d5d47400940",
    3: "8b71821ce6f56c2c",
}
"""First digits of the SHA-256 of each migration: what a release has applied never changes again."""

KEPT = ("prices", "asked", "listings", "run_cv_scores", "run_exclusions", "run_repairs")
LATER_KEPT = (*KEPT, "requests", "quarantine", "revisions", "labels", "pairs")


def release(version: int, path: Path) -> dict[str, list[str]]:
    """Make the database of a release, in the format that DuckDB then chose, and tell its rows."""
    with duckdb.connect(str(path)) as connection:
        for number, name, sql in migrations():
            if number <= version:
                connection.execute(sql)
                connection.execute(
                    "INSERT INTO store.schema_version VALUES (?, ?, '2026-01-01')", [number, name]
                )
        connection.execute((SEEDS / f"{version:04}_seed.sql").read_text())
        connection.execute("INSERT INTO store.views VALUES ('of older files')")
        connection.execute("CREATE VIEW latest_runs AS SELECT 1 AS old")
    return dump(path)


def test_migrations_of_releases_are_frozen() -> None:
    found = {
        number: hashlib.sha256(sql.encode()).hexdigest()[:16] for number, _, sql in migrations()
    }
    assert found == FROZEN


def test_every_release_has_a_seed() -> None:
    assert len(list(SEEDS.iterdir())) == newest_version() - 1


@pytest.mark.parametrize(("version", "kept"), [(1, KEPT), (2, LATER_KEPT)])
def test_a_release_s_database_opens_with_all_that_was_in_it(
    tmp_path: Path, version: int, kept: tuple[str, ...]
) -> None:
    path, copy = tmp_path / "work.duckdb", tmp_path / "published" / "copy.duckdb"
    before = release(version, path)
    with Database.open(path) as database:
        database.publish(copy)
    after = dump(copy)
    assert {table: after[table] for table in kept} == {table: before[table] for table in kept}
    assert len(after["run_assets"]) == len(before["run_assets"])
    columns = "as_of, asset_id_a, asset_id_b, partial_correlation, run_id"
    edges = f"SELECT {columns} FROM edges ORDER BY as_of"
    assert [tuple(row.values()) for row in query(edges, copy).to_pylist()] == [
        (date(2026, 1, 30), "825", "1", 0.5, "00000000000000bb"),
        (date(2026, 1, 31), "825", "1", 0.5, "00000000000000aa"),
    ]
    stored = load_run("crypto", "2026-01-31", copy).run
    assert stored.structure.precision.to_numpy().tolist() == [[2, -1], [-1, 2]]
    assert stored.structure.correlation.loc["825", "1"] == 0.5
    assert list(stored.structure.assets.index) == ["825", "1"]
    assert stored.structure.positions["lle_3d"].loc["1"].tolist() == [-0.5, 0.5, -0.25]
    assert set(stored.universe.assets["price_source"]) == {"coinmarketcap"}
    assert stored.universe.closes["1"].tolist() == [10, 11, 10.5]
    assert stored.notes == ("it's so",)
    assert load("crypto", "2026-01-30", copy).covariance.loc["1", "1"] == 1


@pytest.mark.parametrize("version", [1, 2])
def test_a_migrated_database_is_as_one_made_today(tmp_path: Path, version: int) -> None:
    old, new = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    release(version, old)
    Database.open(old).close()
    Database.open(new).close()
    with duckdb.connect() as connection:
        for name, path in (("old", old), ("new", new)):
            connection.execute(f"ATTACH '{path}' AS {name} (READ_ONLY)")
        same = """
            SELECT table_name, column_index, column_name, data_type, is_nullable, comment
            FROM duckdb_columns() WHERE database_name = ? ORDER BY ALL
        """
        found = [connection.execute(same, [name]).fetchall() for name in ("old", "new")]
        formats = connection.execute(
            "SELECT DISTINCT tags['storage_version'] FROM duckdb_databases() "
            "WHERE database_name IN ('old', 'new')"
        ).fetchall()
    assert found[0] == found[1]
    assert len(found[0]) > 200
    assert formats == [("v1.0.0+",)]


def test_runs_of_releases_have_checksums(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    release(2, path)
    Database.open(path).close()
    with duckdb.connect(str(path)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM store.runs JOIN store.run_checksums USING (run_id, checksum)"
        ).fetchone()
    assert found == (2,)
