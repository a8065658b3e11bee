"""Prefect's own database is begun anew where it is damaged, and left alone where it is not."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flows.service.prefect_database import damage, put_aside_if_damaged


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "prefect.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table flow_run (name text)")
        connection.executemany("insert into flow_run values (?)", [["x" * 1000]] * 100)
    return path


def write_garbage(path: Path) -> None:
    path.write_bytes(b"\xa5" * 60_000)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def spoil_a_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:8292] = b"\xff" * 100
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [write_garbage, halve, put_a_folder, spoil_a_page])
def test_what_is_damaged_is_set_aside_with_a_word(
    database: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
) -> None:
    spoil(database)
    (database.parent / "prefect.db-wal").touch()
    assert damage(database.parent)
    put_aside_if_damaged(database.parent)
    assert damage(database.parent) is None
    kept = sorted(path.name for path in database.parent.iterdir())
    assert len(kept) == 2
    assert kept[0].startswith("prefect.db.damaged-")
    assert kept[1] == f"{kept[0]}-wal"
    assert "no map is touched" in capsys.readouterr().err + caplog.text


@pytest.mark.parametrize(
    "prepare", [lambda _: None, Path.unlink, lambda path: path.write_bytes(b"")]
)
def test_what_is_whole_or_new_is_left_alone(
    database: Path, prepare: Callable[[Path], object]
) -> None:
    prepare(database)
    before = {path.name: path.read_bytes() for path in database.parent.iterdir()}
    put_aside_if_damaged(database.parent)
    assert {path.name: path.read_bytes() for path in database.parent.iterdir()} == before


def test_what_is_in_use_is_not_called_damaged(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("begin exclusive")
        assert damage(database.parent) is None
