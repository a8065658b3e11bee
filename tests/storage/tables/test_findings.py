"""Findings are kept beside runs, replaced alone, and stale once what they rest on has changed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from marketmap.errors import StorageError
from marketmap.run import Finding, MapRun
from storage import Database, load_run, query, verify
from tests.support.runs import make_recovery, make_run, make_settings
from tests.support.tables import dump

SIMULATED = make_settings("simulated")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work.duckdb"


@pytest.fixture
def run() -> MapRun:
    return make_run("demo", settings=SIMULATED)


def with_mean(finding: Finding, mean: float) -> Finding:
    rows = finding.tables["recovery"].assign(mean=mean)
    return replace(finding, tables={"recovery": rows})


def test_a_finding_is_read_back_with_its_run(path: Path, run: MapRun) -> None:
    with Database.open(path) as database:
        database.save_run(run, found=[make_recovery(run)])
    recovery = load_run(database=path).recovery
    assert recovery is not None
    found = (recovery.this, recovery.mean, recovery.worst, recovery.n_seeds)
    assert found == (0.95, 0.93, 0.9000000000000001, 10)
    (row,) = query("SELECT recovery_mean, recovery_n_seeds FROM runs", path).to_pylist()
    assert row == {"recovery_mean": 0.93, "recovery_n_seeds": 10}


def test_a_run_without_findings_has_none(path: Path) -> None:
    with Database.open(path) as database:
        database.save_run(make_run())
    assert load_run(database=path).recovery is None
    assert query("FROM findings", path).num_rows == 0


def test_it_is_replaced_alone(path: Path, run: MapRun) -> None:
    with Database.open(path) as database:
        database.save_run(run, found=[make_recovery(run)])
        database.save_finding(with_mean(make_recovery(run), 0.5))
    (row,) = query("SELECT recovery_mean FROM runs", path).to_pylist()
    assert row == {"recovery_mean": 0.5}
    assert query("FROM findings", path).num_rows == 1
    assert list(verify(path)) == []


def test_replacing_it_touches_no_row_of_the_run(path: Path, run: MapRun) -> None:
    with Database.open(path) as database:
        database.save_run(run, found=[make_recovery(run)])
    before = dump(path)
    with Database.open(path) as database:
        database.save_finding(with_mean(make_recovery(run), 0.5))
    after = dump(path)
    for table in before:
        if table.startswith("run_") and "figures" not in table:
            assert after[table] == before[table], table


def test_findings_under_other_settings_stand_beside_each_other(path: Path, run: MapRun) -> None:
    other = replace(with_mean(make_recovery(run), 0.4), settings_digest="1" * 64)
    with Database.open(path) as database:
        database.save_run(run, found=[make_recovery(run)])
        database.save_finding(other)
    assert query("FROM findings", path).num_rows == 2
    (row,) = query("SELECT recovery_mean FROM runs", path).to_pylist()  # the newest
    assert row == {"recovery_mean": 0.4}


def test_a_basis_that_is_not_stored_is_refused_and_nothing_is_kept(path: Path, run: MapRun) -> None:
    with Database.open(path) as database:
        database.save_run(run)
    before = dump(path)
    with (
        Database.open(path) as database,
        pytest.raises(StorageError, match="it rests on run 0123, which is not stored"),
    ):
        database.save_finding(replace(make_recovery(run), basis=(run.run_id, "0123")))
    assert dump(path) == before


def test_it_is_stale_once_a_run_of_its_basis_came_out_otherwise(path: Path, run: MapRun) -> None:
    day_before = make_run("demo", as_of=date(2026, 1, 30), settings=SIMULATED)
    basis = (day_before.run_id, run.run_id)
    with Database.open(path) as database:
        database.save_run(day_before)
        database.save_run(run)
        database.save_finding(replace(make_recovery(run), basis=basis))
        assert database.stale_findings().empty
        database.save_run(day_before)  # made again, and the same
        assert database.stale_findings().empty
        database.save_run(make_run("demo", day_before.as_of, seed=9, settings=SIMULATED))
        stale = database.stale_findings()
    assert stale[["map", "kind", "run_id"]].to_numpy().tolist() == [
        ["demo", "recovery", run.run_id]
    ]
    (row,) = query("SELECT is_stale, basis FROM findings", path).to_pylist()
    assert row == {"is_stale": True, "basis": list(basis)}


@pytest.mark.parametrize(
    "change", ["UPDATE store.finding_recovery SET mean = 1", "UPDATE store.findings SET basis = []"]
)
def test_a_changed_row_or_basis_of_a_finding_is_found(path: Path, run: MapRun, change: str) -> None:
    with Database.open(path) as database:
        database.save_run(run, found=[make_recovery(run)])
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    (problem,) = verify(path)
    assert problem == f"run {run.run_id}: finding recovery on {run.as_of} is not as it was stored"
