"""A file that is not whole is told, mended or named in one line, and never taken for whole."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.steps.integrity import look_at_data
from flows.steps.report import draw_report
from marketmap.config import Config
from marketmap.errors import StorageError
from storage import Database, Manifest, back_up, stored_runs
from tests.support.runs import AS_OF, make_run, make_settings, store


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(
        folder=tmp_path,
        maps={"crypto": make_settings()},
        data_dir=tmp_path / "data",
    )
    with Database.open(made.database) as database:
        store(database, make_run())
        database.publish(made.published)
    for run in stored_runs(made.database).values():
        Manifest(made.data_dir).add(run)
    draw_report(made, "crypto", AS_OF)
    return made


def told(config: Config) -> dict[str, tuple[str, str]]:
    found = look_at_data(config, thorough=True)
    return {finding.what: (finding.verdict, finding.said) for finding in found}


def empty(path: Path) -> None:
    path.write_bytes(b"")


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def write_garbage(path: Path) -> None:
    path.write_bytes(b"\xff\n" * 30)


def put_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def manifest_of(config: Config) -> Path:
    return Manifest(config.data_dir).path


def test_what_is_whole_is_right(config: Config) -> None:
    assert {verdict for verdict, _ in told(config).values()} == {"ok"}


@pytest.mark.parametrize("damage", [Path.unlink, empty, write_garbage])
def test_a_manifest_that_lost_its_lines_lists_the_stored_runs_again(
    config: Config, damage: Callable[[Path], None]
) -> None:
    before = Manifest(config.data_dir).runs()
    damage(manifest_of(config))
    verdict, said = told(config)["runs"]
    assert verdict == "warn"
    assert said.endswith(f"1 stored run that {manifest_of(config)} lacked, and now lists")
    assert Manifest(config.data_dir).runs() == before


def test_a_folder_in_the_manifests_place_is_named(config: Config, tmp_path: Path) -> None:
    put_a_folder(manifest_of(config))
    verdict, said = told_until(config, "runs")
    assert (verdict, said) == ("fail", f"{manifest_of(config)}: Is a directory")
    with pytest.raises(StorageError, match=r"manifest.jsonl: Is a directory$"):
        back_up(config.database, tmp_path / "backup")
    assert not list((tmp_path / "backup").glob("*.duckdb"))


def told_until(config: Config, what: str) -> tuple[str, str]:
    found: Iterator[tuple[str, str]] = (
        (finding.verdict, finding.said)
        for finding in look_at_data(config, thorough=False)
        if finding.what == what
    )
    return next(found)


@pytest.mark.parametrize("damage", [empty, halve, write_garbage, put_a_folder])
def test_matrices_that_are_not_whole_are_told(
    config: Config, damage: Callable[[Path], None]
) -> None:
    (path,) = (config.data_dir / "matrices").iterdir()
    damage(path)
    expected = f"missing or damaged: {path.name}; fitted again when they are asked for"
    assert told(config)["matrices"] == ("warn", expected)


@pytest.mark.parametrize("damage", [empty, halve, write_garbage])
def test_a_report_that_is_not_whole_is_drawn_again(
    config: Config, damage: Callable[[Path], None]
) -> None:
    path = config.report("crypto", AS_OF.isoformat())
    before = path.read_bytes()
    damage(path)
    assert told(config)["report"] == ("warn", f"{path} had been changed, and is drawn again")
    assert path.read_bytes() == before


def test_a_folder_in_a_reports_place_is_named(config: Config) -> None:
    path = config.report("crypto", AS_OF.isoformat())
    put_a_folder(path)
    verdict, said = told(config)["report"]
    assert verdict == "fail"
    assert said.endswith(f"{path}: not written: Is a directory")
