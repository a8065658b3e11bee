"""Each part of a run has a checksum of its own, by which a changed value is found and named."""

from pathlib import Path

import duckdb
import pytest

from storage import Database, verify
from tests.support.runs import make_run

CHANGES = {
    "run": "UPDATE store.runs SET survivors_only = NOT survivors_only",
    "diagnostics:model:alpha": (
        "UPDATE store.run_diagnostics SET value = 1 WHERE part = 'model' AND name = 'alpha'"
    ),
    "diagnostics:layout:lle_2d:error": (
        "DELETE FROM store.run_diagnostics WHERE part = 'layout:lle_2d'"
    ),
    "assets": "UPDATE store.run_assets SET rank = 9 WHERE place = 0",
    "clusters:affinity_propagation": "UPDATE store.run_clusters SET is_exemplar = NULL",
    "positions:lle_3d": "UPDATE store.run_positions SET z = 0 WHERE layout = 'lle_3d'",
    "edges:partial_correlation": "DELETE FROM store.run_edges",
    "cv_scores": "UPDATE store.run_cv_scores SET mean_score = 0",
    "exclusions": "UPDATE store.run_exclusions SET reason = 'x'",
    "repairs": "DELETE FROM store.run_repairs",
    "settings": "UPDATE store.runs SET settings = settings || ' '",
    "checksum": "UPDATE store.runs SET checksum = 'x'",
}


@pytest.mark.parametrize(("part", "change"), CHANGES.items(), ids=CHANGES.keys())
def test_a_change_is_found_and_its_part_named(tmp_path: Path, part: str, change: str) -> None:
    path, run = tmp_path / "work.duckdb", make_run()
    with Database.open(path) as database:
        database.save_run(run)
    assert list(verify(path)) == []
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    (problem,) = verify(path)
    what = f"run {run.run_id}: map crypto on {run.as_of} is not as it was stored"
    assert problem == f"{what} ({part})"


def test_a_row_that_comes_to_a_part_without_rows_is_found(tmp_path: Path) -> None:
    path, run = tmp_path / "work.duckdb", make_run()
    none = run.universe.repairs.iloc[:0]
    object.__setattr__(run.universe, "repairs", none)
    with Database.open(path) as database:
        database.save_run(run)
    assert list(verify(path)) == []
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "INSERT INTO store.run_repairs VALUES (?, 0, 'a', 'A', 'A', '2026-01-01', 2, 'x', 'y')",
            [run.run_id],
        )
    (problem,) = verify(path)
    assert problem.endswith("is not as it was stored (repairs)")
