"""The archive: bodies are kept as they came, within bounds, and read again."""

import gzip
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storage.safety.archive
from marketmap.errors import StorageError
from marketmap.sources.answers import ArchivedAnswer, Window
from storage import Archive
from tests.storage.published.answering import NOON, day, later

PLENTY = 10**9
WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from storage import Archive
from tests.storage.safety.test_archive import body
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = die
Archive(Path(sys.argv[1]), 10**9).keep("s", [body("x")])
"""


def body(
    text: str, hours: float = 0.0, asset_id: str | None = "1", accepted: bool = True
) -> ArchivedAnswer:
    window = Window(asset_id, day(0), day(9))
    return ArchivedAnswer(window, later(hours), {"path": "/v1", "id": "1"}, accepted, text)


def texts(archive: Archive, source: str = "s", since: datetime | None = None) -> list[str]:
    return [found.text for found in archive.bodies(source, since)]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def name(hours: float, process: int = 1) -> str:
    return f"{later(hours):%Y%m%dT%H%M%S.%f}Z-{process}.jsonl.gz"


def put(folder: Path, hours: float, *bodies: ArchivedAnswer, source: str = "s") -> Path:
    """Write a file as if it had been written at a certain time."""
    archive = Archive(folder / "made", PLENTY)
    archive.keep(source, bodies)
    (made,) = files(folder / "made")
    path = folder / source / "2026" / name(hours)
    path.parent.mkdir(parents=True, exist_ok=True)
    return made.rename(path)


def test_bodies_come_back_as_they_were(tmp_path: Path) -> None:
    kept = [
        body('{"a": "日本円 🪙", "b": "half \ud83d pair"}\r\n\x00'),
        body("", 1, asset_id=None, accepted=False),
    ]
    archive = Archive(tmp_path / "new" / "archive", PLENTY)
    archive.keep("s", iter(kept))
    found = list(archive.bodies("s"))
    assert found == kept
    assert [one.at.tzinfo for one in found] == [UTC, UTC]
    assert archive.damaged == []
    assert list(archive.bodies("other")) == []


def test_the_bodies_of_a_call_are_one_file_with_a_line_each(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    Archive(tmp_path, PLENTY).keep("ccxt:kraken", [body("x"), body("y", 1)])
    (path,) = files(tmp_path)
    stamp, process = path.name.removesuffix(".jsonl.gz").split("-")
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    assert max(before, later(1)) <= moment <= max(datetime.now(UTC), later(1))
    assert path.parent == tmp_path / "ccxt-kraken" / f"{moment:%Y}"
    assert process == str(os.getpid())
    lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines()
    assert json.loads(lines[0]) == {
        "window": {"asset_id": "1", "first": "2026-01-01", "last": "2026-01-10"},
        "at": "2026-02-01T12:00:00+00:00",
        "request": {"path": "/v1", "id": "1"},
        "accepted": True,
        "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        "text": "x",
    }
    assert len(lines) == 2


def test_the_same_bodies_make_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        Archive(tmp_path / folder, PLENTY).keep("s", [body("x" * 999)])
    one, two = (path.read_bytes() for path in files(tmp_path))
    assert one == two
    assert one[4:8] == b"\0\0\0\0"  # the time in a gzip file's head


@pytest.mark.parametrize(("bodies", "max_bytes"), [([], PLENTY), ([body("x")], 0)])
def test_no_bodies_or_no_room_leave_no_file(
    tmp_path: Path, bodies: list[ArchivedAnswer], max_bytes: int
) -> None:
    Archive(tmp_path / "archive", max_bytes).keep("s", bodies)
    assert not (tmp_path / "archive").exists()


def test_an_archive_that_shall_keep_nothing_any_more_is_emptied(tmp_path: Path) -> None:
    put(tmp_path, 0, body("x"))
    Archive(tmp_path, 0).keep("other", [body("y")])
    assert files(tmp_path) == []


def test_bodies_come_oldest_first(tmp_path: Path) -> None:
    put(tmp_path, 2, body("d", 1.5), body("c", 1.2))
    put(tmp_path, 1, body("a", -9), body("b", 0.5))
    put(tmp_path, -9000, body("first", -9001)).parent.rename(tmp_path / "s" / "2025")
    assert texts(Archive(tmp_path, PLENTY)) == ["first", "a", "b", "c", "d"]


def test_bodies_since_a_moment_are_those_that_came_then_or_later(tmp_path: Path) -> None:
    put(tmp_path, 1, body("a", 0), body("b", 1))
    put(tmp_path, 2, body("c", 0.5), body("d", 2))
    archive = Archive(tmp_path, PLENTY)
    assert texts(archive, since=later(1)) == ["b", "d"]
    assert texts(archive, since=later(1).replace(tzinfo=None)) == ["b", "d"]
    assert texts(archive, since=later(2)) == ["d"]
    assert texts(archive, since=later(3)) == []


def test_a_body_of_a_clock_that_goes_ahead_is_found(tmp_path: Path) -> None:
    archive = Archive(tmp_path, PLENTY)
    ahead = datetime.now(UTC) + timedelta(days=400)
    archive.keep("s", [ArchivedAnswer(Window("1", day(0), day(1)), ahead, {}, True, "x")])
    assert texts(archive, since=ahead - timedelta(days=1)) == ["x"]


def test_files_that_are_too_old_to_matter_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, 0, body("a")).write_bytes(b"nonsense")
    archive = Archive(tmp_path, PLENTY)
    assert texts(archive, since=later(0.001)) == []
    assert archive.damaged == []


def test_the_oldest_files_of_all_sources_make_room(tmp_path: Path) -> None:
    for hours, source in ((1, "b"), (2, "a"), (3, "b"), (4, "a")):
        put(tmp_path, hours, body(f"text {hours}"), source=source)
    a_file = files(tmp_path)[0].stat().st_size
    archive = Archive(tmp_path, 3 * a_file + a_file // 2)  # the files differ in some bytes
    archive.keep("a", [body("text 5")])
    assert texts(archive, "a") == ["text 4", "text 5"]
    assert texts(archive, "b") == ["text 3"]


def test_only_as_many_files_go_as_must(tmp_path: Path) -> None:
    put(tmp_path, 1, body("old"))
    put(tmp_path, 2, body("new"))
    total = sum(path.stat().st_size for path in files(tmp_path))
    archive = Archive(tmp_path, PLENTY)
    archive.keep("s", [body("last")])
    last = sum(path.stat().st_size for path in files(tmp_path)) - total
    for path in files(tmp_path)[2:]:
        path.unlink()
    Archive(tmp_path, total + last).keep("s", [body("last")])
    assert texts(archive) == ["old", "new", "last"]
    Archive(tmp_path, total + 2 * last - 1).keep("s", [body("last")])
    assert texts(archive) == ["new", "last", "last"]


def test_a_file_that_alone_is_too_large_is_kept_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, 1, body("old"))
    archive = Archive(tmp_path, 10)
    archive.keep("s", [body("new")])
    assert texts(archive) == ["new"]
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("marketmap.archive", logging.WARNING)
    assert "kept although the archive may hold only 10" in record.getMessage()


def test_a_truncated_file_gives_what_can_be_read_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noise = [os.urandom(2000).hex() for _ in range(30)]
    path = put(tmp_path, 1, *(body(text, n / 99) for n, text in enumerate(noise)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    put(tmp_path, 2, body("whole"))
    archive = Archive(tmp_path, PLENTY)
    found = texts(archive)
    assert found == [*noise[: len(found) - 1], "whole"]
    assert len(found) > 5
    assert archive.damaged == [path]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{path}: damaged, what can be read of it is used")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x1f\x8b\x08\x00" + b"\xff" * 40])
def test_a_file_that_is_none_of_ours_is_left_out(tmp_path: Path, content: bytes) -> None:
    put(tmp_path, 1, body("x")).write_bytes(content)
    put(tmp_path, 2, body("whole"))
    archive = Archive(tmp_path, PLENTY)
    assert texts(archive) == texts(archive) == ["whole"]
    assert len(archive.damaged) == (1 if content else 0)  # an empty file has nothing to lose


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace(b'"text": "b"', b'"text": "B"'),
        lambda line: line.replace(b'"text": "b"', b'"text": 3'),
        lambda line: line.replace(b'"first": "2026', b'"first": "20x6'),
        lambda line: line.replace(b'"window"', b'"windom"'),
        lambda line: b"[]\n",
        lambda line: b"null\n",
        lambda line: b"\xff\n",
        lambda line: line[:40] + b"\n",
    ],
)
def test_a_damaged_line_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage
) -> None:
    path = put(tmp_path, 1, body("a", 1), body("b", 2), body("c", 3))
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    assert damage(lines[1]) != lines[1]
    lines[1] = damage(lines[1])
    path.write_bytes(gzip.compress(b"".join(lines)))
    archive = Archive(tmp_path, PLENTY)
    assert texts(archive) == ["a", "c"]
    assert archive.damaged == [path]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: line 2 is damaged, left out"
    ]


def test_a_writer_that_is_killed_leaves_nothing_that_counts(tmp_path: Path) -> None:
    put(tmp_path, 1, body("a"))
    command = [sys.executable, "-c", WRITE_AND_DIE, str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    archive = Archive(tmp_path, PLENTY)
    assert len(files(tmp_path)) == 2
    assert texts(archive) == ["a"]
    archive.keep("s", [body("b")])
    assert texts(archive) == ["a", "b"]
    assert len(files(tmp_path)) == 2


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    folder = put(tmp_path, 1, body("a")).parent
    names = [name(0, os.getppid()), name(0, os.getpid()), "notes.jsonl.gz"]
    processes = (os.getppid(), os.getpid(), "nobody")
    living, own, strange = (
        folder / f".{each}.{process}.writing"
        for each, process in zip(names, processes, strict=True)
    )
    for path in (living, own, strange):
        path.write_bytes(b"half")
    Archive(tmp_path, PLENTY).keep("s", [body("b")])
    assert [path.exists() for path in (living, own, strange)] == [True, False, True]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_without_space_leaves_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    archive = Archive(tmp_path, PLENTY)
    with monkeypatch.context() as broken:
        broken.setattr(step, no_space)
        with pytest.raises(
            StorageError, match=r"the disk is full: 1 MB needed, [\d,]+ MB free at .*; make room"
        ):
            archive.keep("s", [body("x")])
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError) as caught:
        Archive(tmp_path / "file", PLENTY).keep("s", [body("x")])
    assert str(caught.value).startswith(f"{tmp_path / 'file'}")
    assert str(caught.value).endswith(".jsonl.gz: not written: Not a directory")


def test_threads_write_files_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppedClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return NOON

    monkeypatch.setattr(storage.safety.archive, "datetime", StoppedClock)
    archive = Archive(tmp_path, PLENTY)
    each = [("s", [body(f"{n:02}")]) for n in range(16)]
    threads = [threading.Thread(target=archive.keep, args=args) for args in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts(archive)) == [f"{n:02}" for n in range(16)]
    assert len(files(tmp_path)) == 16
