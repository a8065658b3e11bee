"""What the doctor says of a disk, of requests and of rows that are kept out."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from flows.cli import doctor
from marketmap.config import Config
from marketmap.precision.compiling import Compiled
from marketmap.settings import MapSettings


class Usage(NamedTuple):
    free: float


REQUEST = {
    "outcome": "accepted",
    "n_requests": 3,
    "newest_at": pd.Timestamp("2026-01-02 03:04"),
    "newest_detail": "",
}
ROW = {
    "asset_id": "1",
    "symbol": "BTC",
    "reason": "outlier",
    "detail": "close 7 of 70",
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    return Config(folder=tmp_path, maps={"crypto": settings}, data_dir=tmp_path / "data")


@pytest.mark.parametrize(
    ("free", "verdict", "said"),
    [
        (6e9, "ok", "6.0 GB free"),
        (4e9, "warn", "4.0 GB free; make room before it runs out"),
        (4e8, "fail", "0.4 GB free; a run needs room for a copy of its database"),
    ],
)
def test_a_disk_that_is_nearly_full_is_told_before_it_is(
    config: Config, monkeypatch: pytest.MonkeyPatch, free: float, verdict: str, said: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    found = doctor._disk(config)
    assert (found.verdict, found.said) == (verdict, said)


def test_a_data_folder_that_cannot_be_made_is_named(config: Config) -> None:
    config.data_dir.write_text("in its place")
    found = doctor._data_folder(config)
    assert found.verdict == "fail"
    assert str(config.data_dir) in found.said


@pytest.mark.parametrize(
    ("compiled", "verdict", "said"),
    [
        (Compiled(Path("kept"), None), "ok", "compiled and whole, in kept"),
        (Compiled(Path("kept"), "was not whole"), "warn", "was not whole; it has been compiled ag"),
        (Compiled(None, "cannot be kept"), "warn", "cannot be kept"),
        (Compiled(None, None), "warn", "runs as plain Python, as NUMBA_DISABLE_JIT is set"),
    ],
)
def test_what_is_kept_of_the_compiled_solver_is_told(
    monkeypatch: pytest.MonkeyPatch, compiled: Compiled, verdict: str, said: str
) -> None:
    monkeypatch.setattr(doctor, "compile_once", lambda: compiled)
    found = doctor._solver()
    assert found.verdict == verdict
    assert found.said.startswith(said)


def requests(*rows: dict[str, object]) -> tuple[str, str]:
    frame = pd.DataFrame([{**REQUEST, **row} for row in rows], columns=list(REQUEST))
    found = doctor._requests("requests of crypto", frame)
    return found.verdict, found.said


def test_requests_of_a_week_are_counted_and_the_last_failure_is_told() -> None:
    assert requests() == ("ok", "none in the last seven days")
    assert requests({}) == ("ok", "3 in the last seven days, 3 accepted")
    failed: dict[str, object] = {"outcome": "unavailable", "newest_detail": "status 503"}
    last = "the last that was not, at 2026-01-02 03:04 UTC: status 503"
    assert requests({}, failed) == ("ok", f"6 in the last seven days, 3 accepted; {last}")
    assert requests(failed) == ("warn", f"3 in the last seven days, 0 accepted; {last}")


def test_of_many_rows_that_are_kept_out_the_newest_are_named_and_the_rest_counted() -> None:
    days = pd.date_range("2026-01-01", periods=doctor.SHOWN + 2)
    held = pd.DataFrame([{**ROW, "date": day} for day in days])
    *named, rest = doctor._quarantine("quarantine of crypto", held)
    assert [finding.said for finding in named] == [
        f"BTC (1) on {day:%Y-%m-%d}: outlier, close 7 of 70" for day in days[:1:-1]
    ]
    assert rest.said == 'and 2 more days; all: marketmap sql "from quarantine"'
    (none,) = doctor._quarantine("quarantine of crypto", held[:0])
    assert (none.verdict, none.said) == ("ok", "no day is kept out of the prices")
