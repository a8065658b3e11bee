from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from marketmap.errors import StorageError
from storage import Database, DrawnReport, MadeRun, Manifest
from storage.safety.verify import stored_runs
from tests.support.damage import damaged
from tests.support.runs import AS_OF, make_run

RUN = MadeRun("aa", "crypto", date(2026, 1, 31), datetime(2026, 2, 1, 0, 31, tzinfo=UTC), "c0ffee")
REPORT = DrawnReport("reports/crypto/2026-01-31.html", "crypto", date(2026, 1, 31), "5ha")


def test_what_is_added_comes_back_and_the_last_of_an_id_counts(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path / "new")
    assert manifest.runs() == {}
    later = MadeRun("aa", "crypto", RUN.as_of, datetime(2026, 3, 1, tzinfo=UTC), "fee")
    for event in (RUN, REPORT, later):
        manifest.add(event)
    assert manifest.runs() == {"aa": later}
    assert manifest.reports() == {REPORT.file: REPORT}
    assert len(manifest.path.read_text().splitlines()) == 3


def test_a_damaged_line_is_counted_and_never_believed(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.add(RUN)
    for _, content in damaged(manifest.path.read_bytes(), times=50):
        manifest.path.write_bytes(content)
        assert manifest.runs() in ({}, {"aa": RUN})
        assert manifest.n_damaged + len(manifest.runs()) == 1 or not content.strip()


def test_a_line_that_was_cut_does_not_harm_the_next(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    manifest.add(RUN)
    manifest.path.write_bytes(manifest.path.read_bytes()[:-10])
    manifest.add(REPORT)
    assert manifest.reports() == {REPORT.file: REPORT}
    assert manifest.runs() == {}
    assert manifest.n_damaged == 1


def test_a_stored_run_is_in_the_manifest_as_in_the_database(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        database.save_run(make_run())
        database.save_run(make_run(seed=2, as_of=date(2026, 1, 30)))
        database.save_run(make_run(seed=3))
    made = Manifest(tmp_path).runs()
    assert made == stored_runs(path)
    assert {run.as_of for run in made.values()} == {AS_OF, date(2026, 1, 30)}


def test_a_manifest_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"manifest\.jsonl: Is a directory"):
        Manifest(tmp_path).add(RUN)
