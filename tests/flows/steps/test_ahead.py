"""What can be known before is told before Prefect is loaded, whatever the command."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.service import serve as service
from flows.steps.ahead import look_ahead, look_at_day, look_at_scheduled, look_at_span
from flows.steps.lock import map_lock
from marketmap.config import Config, load_config
from marketmap.errors import ConfigError, DataError, StorageError
from tests.support.command import SMALL_MARKET, Desk, map_config
from tests.support.prefect_server import found

FILE = {"kind": "files", "path": "prices.csv"}
HEADER = "date,symbol,close\n"
ROWS = HEADER + "".join(f"2025-12-{day:02},{s},{day}.5\n" for s in "AB" for day in range(1, 29))


def in_the_way(desk: Desk) -> None:
    (desk.folder / "data").write_text("in the way")


def file_of(text: str | None) -> Callable[[Desk], None]:
    def prepare(desk: Desk) -> None:
        desk.write(map_config(FILE))
        if text is not None:
            (desk.folder / "prices.csv").write_text(text)

    return prepare


def nothing(desk: Desk) -> None:
    """Leave the simulated market that every desk has."""


CASES: list[Any] = [
    (nothing, ("run", "--as-of", "2030-01-01"), "--as-of 2030-01-01: the last complete day"),
    (nothing, ("run", "--as-of", "1999-01-01"), "the simulated market has no day 1999-01-01"),
    (nothing, ("backfill", "--from", "2026-02-01"), "--from 2026-02-01: comes after the last day"),
    (nothing, ("backfill", "--from", "2025-12-30", "--to", "2030-01-01"), "--to 2030-01-01: the"),
    (nothing, ("fetch", "--to", "2030-01-01"), "--to 2030-01-01: the last complete day"),
    (nothing, ("fetch", "--from", "2026-02-01"), "--from 2026-02-01: comes after the last day"),
    (nothing, ("rebuild", "--from", "2025-01-01"), "published/marketmap.duckdb: no map has been"),
    (in_the_way, ("run",), "data: cannot be written to"),
    (in_the_way, ("backfill", "--from", "2025-12-30"), "data: cannot be written to"),
    (file_of(None), ("run",), "prices.csv"),
    (file_of(""), ("run",), "prices.csv"),
    (file_of(HEADER), ("fetch",), "prices.csv"),
    (file_of("date,close\n2025-12-01,1\n"), ("backfill", "--from", "2025-12-01"), "symbol"),
    (file_of(ROWS), ("run", "--as-of", "2020-01-01"), "no asset has a price in the"),
    (file_of(ROWS), ("run", "--as-of", "2030-01-01"), "--as-of 2030-01-01: the last complete day"),
]


@pytest.mark.parametrize(("prepare", "command", "told"), CASES)
def test_a_mistake_is_told_before_anything_is_recorded(
    recorded: Desk, prepare: Callable[[Desk], None], command: tuple[str, ...], told: str
) -> None:
    prepare(recorded)
    own = str(recorded.folder / "config.yaml")
    run = recorded.run(*command, "--config", own)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("error: ")
    assert told in line
    api = recorded.environment["PREFECT_API_URL"]
    assert not [r for r in found(api, "flow_runs", {}) if r["parameters"]["config_path"] == own]


def config_of(desk: Desk) -> Config:
    return load_config(desk.folder / "config.yaml")


def test_a_map_that_is_being_made_is_told_at_once(desk: Desk) -> None:
    config = config_of(desk)
    with map_lock(config, "demo"), pytest.raises(StorageError, match="demo is being made by proc"):
        look_ahead(config, "demo", look_at_day(None))
    look_ahead(config, "demo", look_at_day(None))
    look_ahead(config, "demo", look_at_span(None, None))


def test_a_scheduled_map_that_can_never_be_made_ends_the_service_and_a_missing_file_does_not(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    desk.write({**map_config(FILE), "schedule": {"maps": ["demo"]}})
    look_at_scheduled(config_of(desk))
    (line,) = caplog.messages
    assert line.startswith("map demo: ")
    assert "prices.csv" in line
    desk.write(map_config({"kind": "ccxt", "exchange": "nosuchexchange"}))
    with pytest.raises(ConfigError, match="unknown exchange 'nosuchexchange'"):
        look_at_scheduled(config_of(desk))


@pytest.mark.parametrize("every", [0.5, -1.0, float("nan"), float("inf"), 1e12])
def test_seconds_between_runs_that_are_none_are_refused(desk: Desk, every: float) -> None:
    with pytest.raises(ConfigError, match=r"^--every .*: expected 1 to 31622400 seconds$"):
        service.serve(config_of(desk), Path("config.yaml"), port=None, every=every)


@pytest.mark.parametrize("command", ["run", "maps", "serve", "doctor"])
def test_a_schedule_that_never_comes_is_told_by_every_command(desk: Desk, command: str) -> None:
    desk.write({**map_config(SMALL_MARKET), "schedule": {"cron": "61 0 * * *"}})
    run = desk.run(command)
    assert run.returncode in {1, 2}
    told = (run.stdout + run.stderr).splitlines()
    assert len(told) == 1
    assert "config.yaml: schedule.cron: bad minute; expected minute, hour, day, " in told[0]


def test_a_file_that_holds_what_it_must_not_is_told_by_the_look(desk: Desk) -> None:
    file_of(HEADER + "2025-12-01,A,much\n")(desk)
    with pytest.raises(DataError, match=r"prices\.csv"):
        look_ahead(config_of(desk), "demo", look_at_day(None))
