"""SQL of somebody who means harm, where the published copy is read."""

import shutil
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from storage import connect, query
from tests.storage.conftest import Published
from tests.storage.published.attacks import (
    ATTACKS,
    ON_THE_COPY,
    OPENED_ANEW,
    READS,
    SECRET,
    SETTINGS,
    STORED_SECRETS,
    UNKNOWN_TO_PYTHON,
    VARIABLE,
    WRITES,
    contents,
    lay_bait,
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    lay_bait(folder)
    return folder


@pytest.fixture
def bait(secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with secrets."""
    folder = tmp_path / "bait"
    shutil.copytree(secrets, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv(VARIABLE, SECRET)
    return folder


@pytest.mark.parametrize("sql", READS)
def test_an_attack_would_read_a_file_elsewhere(bait: Path, sql: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(sql)


@pytest.mark.parametrize("sql", WRITES)
def test_an_attack_would_write_a_file_elsewhere(bait: Path, sql: str) -> None:
    before = contents(bait)
    with duckdb.connect(str(bait / "main_database.duckdb")) as connection:
        connection.execute(sql).fetchall()
    found = contents(bait)
    found.pop("main_database.duckdb")
    assert found != before


@pytest.mark.parametrize("sql", ATTACKS)
def test_a_query_is_refused_what_is_none_of_its_business(
    published: Published, bait: Path, sql: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = contents(bait), contents(published.path.parent)
    with pytest.raises(StorageError) as caught:
        query(sql, published.path)
    assert SECRET not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert (contents(bait), contents(published.path.parent)) == before


@pytest.mark.parametrize("sql", [*ATTACKS, *SETTINGS, *UNKNOWN_TO_PYTHON])
def test_a_connection_is_refused_what_is_none_of_its_business(
    published: Published, bait: Path, sql: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = contents(bait), contents(published.path.parent)
    with closing(connect(published.path)) as connection:
        with pytest.raises(duckdb.Error) as caught:
            connection.execute(sql)
        assert connection.execute("SELECT count(*) FROM runs").fetchall() == [(4,)]
    assert SECRET not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert (contents(bait), contents(published.path.parent)) == before


@pytest.mark.parametrize("sql", STORED_SECRETS)
def test_stored_secrets_are_not_seen(published: Published, bait: Path, sql: str) -> None:
    with duckdb.connect() as elsewhere:
        assert "stored" in str(elsewhere.execute(sql).fetchall())
    with closing(connect(published.path)) as connection, suppress(duckdb.Error):
        assert connection.execute(sql).fetchall() == []
    with suppress(StorageError):
        assert query(sql, published.path).num_rows == 0


@pytest.mark.parametrize("sql", UNKNOWN_TO_PYTHON)
def test_a_query_of_an_unknown_kind_is_refused_in_one_line(published: Published, sql: str) -> None:
    with pytest.raises(StorageError, match="expected a query such as SELECT or FROM"):
        query(sql, published.path)


@pytest.fixture
def copy(published: Published, tmp_path: Path) -> Path:
    """Return a published copy that may be damaged."""
    folder = tmp_path / "published"
    folder.mkdir()
    return Path(shutil.copy(published.path, folder))


@pytest.mark.parametrize("sql", [sql for sql in ON_THE_COPY if not sql.startswith("COPY")])
def test_a_query_cannot_touch_the_file_of_the_copy(copy: Path, bait: Path, sql: str) -> None:
    before = contents(copy.parent)
    with pytest.raises(StorageError):
        query(sql.format(copy=copy), copy)
    assert contents(copy.parent) == before


@pytest.mark.parametrize("sql", ON_THE_COPY)
def test_a_connection_cannot_touch_the_file_of_the_copy(copy: Path, bait: Path, sql: str) -> None:
    before = contents(copy.parent)
    with closing(connect(copy)) as connection, pytest.raises(duckdb.Error):
        connection.execute(sql.format(copy=copy))
    assert contents(copy.parent) == before


@pytest.mark.parametrize("sql", OPENED_ANEW)
def test_a_connection_cannot_open_the_copy_for_writing(copy: Path, bait: Path, sql: str) -> None:
    before = contents(copy.parent)
    with closing(connect(copy)) as connection, pytest.raises(duckdb.Error):
        connection.execute(sql.format(copy=copy))
    assert contents(copy.parent) == before
