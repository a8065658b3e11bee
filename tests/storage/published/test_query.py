from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from marketmap.errors import StorageError
from storage import Database, connect, list_views, query
from tests.storage.conftest import Published
from tests.support.runs import make_run, store

FORBIDDEN = [
    "COPY latest_clusters TO 'out.csv'",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "ATTACH 'other.duckdb'",
    "FROM read_csv('/etc/passwd')",
    "FROM '/etc/passwd'",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/passwd')",
    "FROM read_parquet('x.parquet')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM glob('*')",
    "SELECT getenv('HOME')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET threads = 1",
    "RESET threads",
    "PRAGMA threads = 2",
    "SET VARIABLE x = 1",
    "EXPORT DATABASE 'out'",
    "IMPORT DATABASE 'out'",
    "CREATE TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "INSERT INTO store.runs SELECT * FROM store.runs",
    "DELETE FROM store.runs",
    "UPDATE store.runs SET map = 'x'",
    "DROP VIEW runs",
    "EXPLAIN ANALYZE DELETE FROM store.runs",
    "FROM local_variable",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_query_reaches_nothing_but_the_database(
    published: Published, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    local_variable = pd.DataFrame({"a": [1]})  # noqa: F841
    with pytest.raises(StorageError) as caught:
        query(sql, published.path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# A connection may keep values and tables for itself, in memory.
OWN = ("SET VARIABLE", "CREATE TEMP")


@pytest.mark.parametrize("sql", [sql for sql in FORBIDDEN if not sql.startswith(OWN)])
def test_a_connection_reaches_nothing_but_the_database(
    published: Published, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    local_variable = pd.DataFrame({"a": [1]})  # noqa: F841
    with closing(connect(published.path)) as connection, pytest.raises(duckdb.Error):
        connection.execute(sql)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", r"expected one SQL query, got 0 statements"),
        ("-- only a comment", r"expected one SQL query, got 0 statements"),
        ("SELECT 1; SELECT 2", r"expected one SQL query, got 2 statements"),
        ("DELETE FROM store.runs", r"expected a query such as SELECT or FROM, got DELETE"),
        ("SELEC 1", r"SQL: Parser Error: syntax error at or near \"SELEC\""),
        ("FROM latest_cluster", r"SQL: Catalog Error: Table with name latest_cluster does not"),
        ("SELECT ?", r"SQL: Invalid Input Error: Values were not provided"),
        ("SELECT 'x'::INTEGER", r"SQL: Conversion Error"),
    ],
)
def test_a_wrong_query_is_told_in_one_line(published: Published, sql: str, message: str) -> None:
    with pytest.raises(StorageError, match=message) as caught:
        query(sql, published.path)
    assert "\n" not in str(caught.value)
    assert "LINE" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM latest_clusters",
        "SELECT 1 AS a, 2 AS a;",
        "WITH a AS (SELECT 1) FROM a",
        "DESCRIBE latest_clusters",
        "SUMMARIZE latest_clusters",
        "SHOW TABLES",
        "EXPLAIN FROM latest_clusters",
        "VALUES (1)",
        "PIVOT latest_clusters ON cluster USING count(*) GROUP BY map",
    ],
)
def test_every_kind_of_question_is_answered(published: Published, sql: str) -> None:
    assert query(sql, published.path).num_rows > 0


def test_a_query_without_rows_keeps_its_columns(published: Published) -> None:
    found = query("SELECT map, cluster FROM latest_clusters WHERE false", published.path)
    assert found.schema.names == ["map", "cluster"]
    assert found.num_rows == 0


def test_views_are_listed_with_their_columns(published: Published) -> None:
    views = list_views(published.path)
    assert views["cv_scores"] == ["map", "as_of", "alpha", "mean_score", "std_score", "run_id"]
    assert list(views) == sorted(views)
    assert len(views) == 26


def test_what_has_not_been_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"no map has been published there yet; run: marketmap run$"
    ):
        query("SELECT 1", tmp_path / "nothing.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_copy_is_named(tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    path.write_bytes(b"x" * 100_000)
    with pytest.raises(StorageError, match=r"copy\.duckdb: IO Error: .* not a valid DuckDB"):
        query("SELECT 1", path)


def test_a_copy_that_is_open_in_another_way_can_be_queried_too(published: Published) -> None:
    with closing(duckdb.connect(str(published.path), read_only=True)):
        assert query("SELECT 1 AS one", published.path).to_pylist() == [{"one": 1}]


def test_a_query_sees_the_new_copy_while_an_older_one_is_held(tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    count = "SELECT count(*) AS n FROM runs"
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run("first"))
        database.publish(copy)
        assert query(count, copy).to_pylist() == [{"n": 1}]
        with closing(connect(copy)) as connection:
            store(database, make_run("second"))
            database.publish(copy)
            assert connection.execute(count).fetchall() == [(1,)]
            assert query(count, copy).to_pylist() == [{"n": 2}]
            with closing(connect(copy)) as newer:
                assert newer.execute(count).fetchall() == [(2,)]
            assert connection.execute(count).fetchall() == [(1,)]
