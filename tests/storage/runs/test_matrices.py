from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketmap.errors import StorageError
from marketmap.pipeline import map_prices
from marketmap.run import MapRun
from marketmap.settings import FetchSettings, KeepSettings, MapSettings
from marketmap.sources import open_source
from storage import Database, load, load_run
from storage.runs.matrices import MATRICES, read, write
from tests.support.runs import make_run

FIRST = date(2026, 1, 30)


def kept_days(folder: Path) -> list[str]:
    return sorted(path.name[:10] for path in (folder / "matrices").iterdir())


def simulated_run(folder: Path) -> tuple[MapRun, pd.DataFrame]:
    """Map a small simulated market; tell its prices too."""
    settings = MapSettings.model_validate(
        {
            "source": {"kind": "simulated", "n_assets": 16},
            "universe": {"size": 12},
            "window_days": 120,
        }
    )
    source = open_source(settings.source, FetchSettings(), folder)
    as_of = date(2025, 12, 31)
    listing = source.listing(as_of, settings.universe.n_candidates)
    days = (as_of - timedelta(days=130), as_of)
    prices = pd.concat([source.prices(asset, *days) for asset in listing["asset_id"]])
    universe, structure = map_prices(listing, prices, as_of, settings)
    return MapRun("demo", as_of, settings, source.name, universe, structure), prices


@pytest.fixture
def without_matrices(tmp_path: Path) -> tuple[MapRun, Path]:
    """A run whose matrices were not kept, and the published copy that it is in."""
    run, prices = simulated_run(tmp_path)
    copy = tmp_path / "published" / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        database.upsert_prices(run.source, prices)
        database.save_run(run, KeepSettings(matrices=0, monthly_matrices=False))
        database.publish(copy)
    assert not (copy.parent / "matrices").exists()
    return run, copy


def test_matrices_come_back_digit_by_digit(tmp_path: Path) -> None:
    run = make_run(n_assets=9)
    digest = write(tmp_path, run)
    ids = run.structure.assets.index
    found = read(tmp_path, run.as_of, run.run_id, digest, ids)
    assert found is not None
    for name in MATRICES:
        pd.testing.assert_frame_equal(found[name], getattr(run.structure, name), check_exact=True)


def test_the_same_matrices_make_the_same_file(tmp_path: Path) -> None:
    assert write(tmp_path / "a", make_run()) == write(tmp_path / "b", make_run())
    (one,), (other,) = ((tmp_path / each).iterdir() for each in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_a_file_is_read_by_anybody_and_takes_less_than_half(tmp_path: Path) -> None:
    run = make_run(n_assets=200)
    write(tmp_path, run)
    (path,) = tmp_path.iterdir()
    table = pd.read_parquet(path)
    assert list(table.columns) == ["asset_id_a", "asset_id_b", *MATRICES]
    assert len(table) == 200 * 201 / 2
    assert path.stat().st_size < 3 * 8 * 200**2 / 2


def test_the_newest_runs_and_the_first_of_each_month_keep_their_matrices(tmp_path: Path) -> None:
    path, copy = tmp_path / "work.duckdb", tmp_path / "published" / "copy.duckdb"
    keep = KeepSettings(matrices=2)
    with Database.open(path) as database:
        for number in range(35):
            database.save_run(make_run(as_of=FIRST + timedelta(days=number)), keep)
        database.save_run(make_run("other", as_of=FIRST), keep)
        database.publish(copy)
    expected = ["2026-01-30", "2026-01-30", "2026-02-01", "2026-03-01", "2026-03-04", "2026-03-05"]
    assert kept_days(tmp_path) == kept_days(copy.parent) == expected
    with Database.open(path) as database:
        database.save_run(make_run(as_of=FIRST), KeepSettings(matrices=1, monthly_matrices=False))
        database.publish(copy)
    assert kept_days(tmp_path) == kept_days(copy.parent) == ["2026-01-30", "2026-03-05"]


def test_a_run_made_again_leaves_no_older_file(tmp_path: Path) -> None:
    with Database.open(tmp_path / "work.duckdb") as database:
        for seed in (1, 2):
            database.save_run(make_run(seed=seed))
        (tmp_path / "matrices" / ".x.parquet.4194305.writing").write_bytes(b"of a killed writer")
        database.save_run(make_run(seed=3))
    assert len(list((tmp_path / "matrices").iterdir())) == 1
    assert load(None, None, tmp_path / "work.duckdb").precision.equals(
        make_run(seed=3).structure.precision
    )


def test_matrices_that_were_not_kept_are_fitted_again(
    without_matrices: tuple[MapRun, Path], caplog: pytest.LogCaptureFixture
) -> None:
    run, copy = without_matrices
    for structure in (load(None, None, copy), load_run(None, None, copy).run.structure):
        for name in MATRICES:
            found, saved = getattr(structure, name), getattr(run.structure, name)
            np.testing.assert_allclose(found, saved, atol=1e-9)
            assert list(found.index) == list(saved.index)
        pd.testing.assert_frame_equal(structure.assets, run.structure.assets)
    assert load_run(None, None, copy).run.notes == run.notes
    assert caplog.records == []


@pytest.mark.parametrize("damage", [b"", b"PAR1", None])
def test_a_damaged_file_is_fitted_again(tmp_path: Path, damage: bytes | None) -> None:
    run, prices = simulated_run(tmp_path)
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        database.upsert_prices(run.source, prices)
        database.save_run(run)
    (file,) = (tmp_path / "matrices").iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content if damage is None else damage)
    np.testing.assert_allclose(load(None, None, path).precision, run.structure.precision, atol=1e-9)


def test_a_fit_that_differs_from_what_was_stored_is_told(
    without_matrices: tuple[MapRun, Path], caplog: pytest.LogCaptureFixture
) -> None:
    run, copy = without_matrices
    work = copy.parent.parent / "work.duckdb"
    asset = run.structure.assets.index[0]
    with Database.open(work) as database:
        prices = database.prices(run.source, [asset], None, run.as_of)
        prices["close"] *= np.exp(np.random.default_rng(0).normal(scale=0.02, size=len(prices)))
        database.upsert_prices(run.source, prices)
        database.publish(copy)
    structure = load(None, None, copy)
    assert structure.kept_matrices is None
    assert caplog.records == []
    assert structure.precision.shape == run.structure.precision.shape
    (record,) = caplog.records
    note = record.getMessage()
    told = "map demo on 2025-12-31: Its matrices were not kept and have been fitted again; "
    assert note.startswith(told)
    assert note.endswith("prices have been revised, or libraries have changed.")


def test_what_cannot_be_fitted_again_says_why(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        database.save_run(make_run(), KeepSettings(matrices=0, monthly_matrices=False))
    with pytest.raises(StorageError, match=r"were not kept, and cannot be fitted again from the"):
        _ = load(None, None, path).precision
