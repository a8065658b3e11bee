"""What is lost is found against the manifest, and brought back."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.steps.each_map import EachMap
from flows.steps.integrity import look_at_data
from flows.steps.recover import make_whole, missing_runs, restorable
from flows.steps.report import changed_reports, keep_report
from marketmap.config import Config
from marketmap.errors import StorageError
from marketmap.settings import MapSettings
from storage import Database, Manifest, back_up, load_run, stored_runs, verify
from tests.support.damage import damaged, put
from tests.support.runs import make_run, store

FIRST = date(2026, 1, 1)
N_RUNS = 4
LAST_ID = make_run(as_of=FIRST + timedelta(days=N_RUNS - 1), seed=N_RUNS - 1).run_id.encode()

COMMIT_AND_DIE = """
import os, sys
from datetime import timedelta
from pathlib import Path
from storage import Database
from tests.flows.steps.test_recover import FIRST, N_RUNS
from tests.support.runs import make_run
database = Database.open(Path(sys.argv[1]))
for number in range(1, N_RUNS):
    database.save_run(make_run(as_of=FIRST + timedelta(days=number), seed=number))
os._exit(0)
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    return Config(folder=tmp_path, maps={"crypto": settings}, data_dir=tmp_path / "data")


def make(config: Config, *numbers: int) -> None:
    """Store and publish the runs of some days, and draw the newest."""
    with Database.open(config.database) as database:
        for number in numbers:
            store(database, make_run(as_of=FIRST + timedelta(days=number), seed=number))
        database.publish(config.published)
    keep_report(config, load_run("crypto", None, config.published))


def findings(config: Config, *, thorough: bool = False) -> dict[str, tuple[str, str]]:
    found = look_at_data(config, thorough=thorough)
    return {finding.what: (finding.verdict, finding.said) for finding in found}


def days(config: Config) -> list[date]:
    return sorted(run.as_of for run in stored_runs(config.database).values())


@pytest.mark.long
def test_a_damaged_log_leaves_the_state_of_a_committed_run_and_the_rest_is_named(
    config: Config,
) -> None:
    make(config, 0)
    subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, str(config.database)], check=True)
    log = config.database.with_name("marketmap.duckdb.wal")
    before, logged = config.database.read_bytes(), log.read_bytes()
    made = Manifest(config.data_dir).runs()
    assert len(made) == N_RUNS
    states = set()
    for what, content in damaged(logged):
        for old in config.data_dir.glob("*.damaged-*"):
            old.unlink()
        put(config.database, before)
        log.write_bytes(content)
        Database.open(config.database).close()
        stored = days(config)
        states.add(len(stored))
        assert stored == [FIRST + timedelta(days=n) for n in range(len(stored))], what
        assert list(verify(config.database, every_run=True)) == [], what
        missing = [run.as_of for run in missing_runs(config)]
        assert stored + missing == sorted(run.as_of for run in made.values()), what
        if "bit" in what and len(stored) < N_RUNS:
            assert len(list(config.data_dir.glob("*.damaged-*"))) <= 1
    assert 1 in states
    assert N_RUNS - 1 in states


def test_a_log_that_cannot_be_read_is_set_aside_and_told(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    make(config, 0)
    subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, str(config.database)], check=True)
    log = config.database.with_name("marketmap.duckdb.wal")
    content = bytearray(log.read_bytes())
    content[content.index(LAST_ID)] ^= 1  # in data: a changed length is taken for the log's end
    log.write_bytes(content)
    found = findings(config)
    assert found["database"][0] == "ok"
    missing = ", ".join(f"crypto 2026-01-0{number}" for number in (2, 3, 4))
    said = f"3 of 4 that were made are missing: {missing}; run: marketmap restore"
    assert found["runs"] == ("fail", said)
    assert "marketmap.duckdb.wal.damaged-" in found["set aside"][1]
    assert "its log cannot be read and is kept as marketmap.duckdb.wal.damaged-" in caplog.text
    (aside,) = config.data_dir.glob("*.damaged-*")
    assert aside.read_bytes() == content


def test_all_is_well_where_nothing_happened(config: Config) -> None:
    make(config, 0, 1)
    for thorough in (False, True):
        assert {verdict for verdict, _ in findings(config, thorough=thorough).values()} == {"ok"}


@pytest.mark.parametrize("damage", ["damaged", "gone", "nonsense"])
def test_a_damaged_database_gives_way_to_the_published_copy(config: Config, damage: str) -> None:
    make(config, 0, 1)
    with Database.open(config.database) as database:
        store(database, make_run(as_of=FIRST + timedelta(days=2), seed=2))
    content = bytearray(config.database.read_bytes())
    content[12_288:] = bytes(len(content) - 12_288)  # the headers alone are whole
    config.database.unlink()
    if damage != "gone":
        config.database.write_bytes(content if damage == "damaged" else b"date,close\n" * 9000)
    assert findings(config)["database"][0] == "fail"
    said = list(make_whole(config, None, EachMap(config)))
    assert f"restored from {config.published}" in said[0]
    assert list(verify(config.database, every_run=True)) == []
    assert days(config) == [FIRST, FIRST + timedelta(days=1)]
    (missing,) = missing_runs(config)
    assert missing.as_of == FIRST + timedelta(days=2)
    asides = list(config.data_dir.glob("*.replaced-*"))
    assert len(asides) == (damage != "gone")


def test_without_a_whole_copy_the_newest_backup_is_taken(config: Config) -> None:
    make(config, 0)
    back_up(config.database, config.data_dir / "backups" / "20260101T000000Z")
    make(config, 1)
    copy = back_up(config.database, config.data_dir / "backups" / "20260102T000000Z")
    make(config, 2)
    for path in (config.database, config.published):
        path.write_bytes(path.read_bytes()[:50_000])
    assert f"restored from {copy}" in next(iter(make_whole(config, None, EachMap(config))))
    assert days(config) == [FIRST, FIRST + timedelta(days=1)]


def test_without_any_copy_it_is_made_anew_and_every_run_is_missing(config: Config) -> None:
    make(config, 0, 1)
    config.published.unlink()
    config.database.write_bytes(config.database.read_bytes()[:50_000])
    said = list(make_whole(config, None, EachMap(config)))
    assert "no whole copy; made anew, the old one is" in said[0]
    assert days(config) == []
    assert len(missing_runs(config)) == 2


def test_a_map_whose_file_is_gone_keeps_no_other_from_being_restored(config: Config) -> None:
    files = MapSettings.model_validate({"source": {"kind": "files", "path": "gone.csv"}})
    both = config.model_copy(update={"maps": {"stocks": files, **config.maps}})
    make(both, 0)
    both.database.unlink()
    said = list(make_whole(both, None, EachMap(both)))
    assert said[1] == "map crypto: nothing is archived"
    assert days(both) == [FIRST]


def test_a_backup_is_whole_and_is_taken_when_named(config: Config, tmp_path: Path) -> None:
    make(config, 0)
    back_up(config.database, tmp_path / "safe")
    assert sorted(entry.name for entry in (tmp_path / "safe").iterdir()) == [
        "manifest.jsonl",
        "marketmap.duckdb",
        "matrices",
    ]
    make(config, 1)
    list(make_whole(config, tmp_path / "safe", EachMap(config)))
    assert days(config) == [FIRST]
    assert load_run("crypto", FIRST, config.database).run.structure.precision.equals(
        make_run(as_of=FIRST, seed=0).structure.precision
    )


def test_a_damaged_backup_changes_nothing(config: Config, tmp_path: Path) -> None:
    make(config, 0)
    copy = back_up(config.database, tmp_path / "safe")
    copy.write_bytes(copy.read_bytes()[:-300_000])
    before = config.database.read_bytes()
    with pytest.raises(StorageError, match=r"cannot be restored from: "):
        list(make_whole(config, tmp_path / "safe", EachMap(config)))
    assert config.database.read_bytes() == before
    (tmp_path / "empty").mkdir()
    for folder, said in (("empty", "holds no marketmap.duckdb"), ("nowhere", "no such folder")):
        with pytest.raises(StorageError, match=f"{folder}: {said}; expected what marketmap backup"):
            list(make_whole(config, tmp_path / folder, EachMap(config)))
    with pytest.raises(StorageError, match="is the database itself"):
        list(make_whole(config, config.data_dir, EachMap(config)))


def test_a_backup_takes_no_other_backups_place_and_shares_no_file(
    config: Config, tmp_path: Path
) -> None:
    make(config, 0)
    back_up(config.database, tmp_path / "safe")
    for folder in (tmp_path / "safe", config.data_dir):
        with pytest.raises(StorageError, match="is there already; name a new folder"):
            back_up(config.database, folder)
    (file,) = (tmp_path / "safe" / "matrices").iterdir()
    assert file.stat().st_nlink == 1
    list(make_whole(config, tmp_path / "safe", EachMap(config)))
    assert file.stat().st_nlink == 1


def test_a_damaged_database_is_not_backed_up(config: Config, tmp_path: Path) -> None:
    make(config, 0)
    content = bytearray(config.database.read_bytes())
    for place in range(60_000, len(content), 100_000):
        content[place] ^= 1
    config.database.write_bytes(content)
    with pytest.raises(StorageError, match=r"not backed up; run: marketmap restore$"):
        back_up(config.database, tmp_path / "safe")
    assert not (tmp_path / "safe" / "marketmap.duckdb").exists()


def test_a_database_that_is_lost_is_not_made_anew_by_a_run(config: Config) -> None:
    make(config, 0)
    config.database.unlink()
    with pytest.raises(
        StorageError,
        match=r"is gone, with 1 runs that manifest\.jsonl beside it names; run: market",
    ):
        Database.open(config.database)
    assert not config.database.exists()
    config.published.unlink()
    found = findings(config)
    for what in ("database", "published copy", "runs"):
        assert found[what][0] == "fail"
        assert found[what][1].endswith("run: marketmap restore")


@pytest.mark.parametrize("damage", [b"", b"x" * 9000, None])
def test_a_diagnosis_of_damage_ends_in_advice_and_no_traceback(
    config: Config, damage: bytes | None
) -> None:
    make(config, 0)
    content = config.database.read_bytes()
    for path in (config.database, config.published):
        path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    found = findings(config, thorough=True)
    for what in ("database", "published copy"):
        assert found[what][0] == "fail"
        assert found[what][1].endswith("run: marketmap restore")
    assert next(iter(make_whole(config, None, EachMap(config)))).count("marketmap.duckdb: ") <= 2


def test_matrices_that_are_missing_or_damaged_are_named(config: Config) -> None:
    make(config, 0, 1)
    first, second = sorted((config.data_dir / "matrices").iterdir())
    first.write_bytes(b"junk")
    second.unlink()
    verdict, said = findings(config, thorough=True)["matrices"]
    assert verdict == "warn"
    assert said == (
        f"missing or damaged: {first.name}, {second.name}; fitted again when they are asked for"
    )


def test_there_is_nothing_to_back_up_before_the_first_run(config: Config, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not there yet; marketmap run makes it"):
        back_up(config.database, tmp_path / "safe")
    assert not config.database.exists()


def test_a_run_under_other_settings_is_not_made_again_as_another(config: Config) -> None:
    make(config, 0)
    other = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}, "window_days": 99})
    runs = list(Manifest(config.data_dir).runs().values())
    assert restorable(config.model_copy(update={"maps": {"crypto": other}}), runs) == {}
    mine = make_run().settings
    assert restorable(config.model_copy(update={"maps": {"crypto": mine}}), runs) == {
        "crypto": [FIRST]
    }


def test_every_changed_byte_of_a_report_is_found_and_drawn_again(config: Config) -> None:
    make(config, 0)
    report = config.report("crypto", FIRST.isoformat())
    page = report.read_bytes()
    for what, content in damaged(page):
        report.write_bytes(content)
        (found,) = changed_reports(config, None)
        assert found.as_of == FIRST, what
    assert findings(config)["report"] == ("warn", f"{report} had been changed, and is drawn again")
    assert report.read_bytes() == page
    assert findings(config)["reports"][0] == "ok"
    report.unlink()
    assert list(changed_reports(config, None)) == []
