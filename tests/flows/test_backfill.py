"""Many days at once: backfill and rebuild, through the command line."""

from datetime import date

import pytest

from flows.steps.days import days_between
from marketmap.errors import ConfigError
from tests.support.command import SMALL_MARKET, Desk, map_config


def test_days_are_counted_back_from_the_last() -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 10)
    assert days_between(first, last, 4) == [date(2026, 1, 2), date(2026, 1, 6), last]
    assert days_between(last, last, 1) == [last]
    with pytest.raises(
        ConfigError, match="--from 2026-01-10: comes after the last day, 2026-01-01"
    ):
        days_between(last, first, 1)
    with pytest.raises(ConfigError, match="must be 1 or more"):
        days_between(first, last, 0)


def test_a_range_is_made_then_made_anew_under_other_settings(desk: Desk) -> None:
    run = desk.run("backfill", "--from", "2025-12-20", "--to", "2025-12-31", "--every", "5")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[0] == "made 3 maps, skipped 0 days"
    for number, day in enumerate(("2025-12-21", "2025-12-26", "2025-12-31"), start=1):
        assert f"[{number}/3] {day}" in run.stderr
    days = "select distinct as_of::varchar as day from runs order by day"
    made = desk.ask(days)["day"].to_pylist()
    assert made == ["2025-12-21", "2025-12-26", "2025-12-31"]

    desk.write(map_config(returns="simple"))
    again = desk.run("rebuild", "--from", "2025-12-26")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[0] == "made 2 maps, skipped 0 days"
    newest = desk.ask("select count(*) as n from runs where is_newest")
    assert newest.to_pylist() == [{"n": 3}]
    assert desk.ask("from runs").num_rows == 5
    nothing = desk.run("rebuild", "--to", "2020-01-01")
    assert nothing.returncode == 2
    assert "no stored day of map demo to rebuild; it has 3, 2025-12-21 to 2025-12-31" in (
        nothing.stderr
    )


def test_a_day_without_enough_data_is_skipped_and_told(desk: Desk) -> None:
    # the simulated market begins 30 days before its window: earlier days have no full window
    desk.write(map_config({**SMALL_MARKET}))
    run = desk.run("backfill", "--from", "2025-09-01", "--to", "2025-12-31", "--every", "60")
    assert run.returncode == 1, run.stderr
    made, skipped = run.stdout.splitlines()[0].removeprefix("made ").split(", skipped ")
    assert int(made.split()[0]) >= 1
    assert int(skipped.split()[0]) >= 1
    assert "2025-09-02 skipped: " in run.stderr
    assert "2025-12-31" in desk.ask("select as_of::varchar as day from runs")["day"].to_pylist()


def test_a_range_that_ends_after_the_last_day_is_refused(desk: Desk) -> None:
    run = desk.run("backfill", "--from", "2025-12-30", "--to", "2026-01-05")
    assert run.returncode == 2
    assert "the last complete day that simulated:" in run.stderr
    assert "Traceback" not in run.stderr
