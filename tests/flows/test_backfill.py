"""Many days at once: backfill and rebuild, through the command line."""

from datetime import date

import pytest

from flows.cli.common import print_result
from flows.steps.days import BackfillResult, days_between
from marketmap.errors import ConfigError, NoSessionError
from tests.support.command import SMALL_MARKET, Desk, map_config
from tests.support.price_markets import random_market


def test_days_are_counted_back_from_the_last() -> None:
    first, last = date(2026, 1, 1), date(2026, 1, 10)
    assert days_between(first, last, 4) == [date(2026, 1, 2), date(2026, 1, 6), last]
    assert days_between(last, last, 1) == [last]
    with pytest.raises(
        ConfigError, match=r"^--from 2026-01-10: comes after the last day, 2026-01-01$"
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
    assert (
        "no stored day of map demo in that range; it has 3 stored days, 2025-12-21 to 2025-12-31"
        in (nothing.stderr)
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


def desk_of_sessions(desk: Desk) -> Desk:
    """Give a desk a market that trades Monday to Friday, until 2024-12-31, but not at Christmas."""
    prices = random_market(calendar="B")
    prices = prices[prices["date"] != "2024-12-25"].rename(columns={"asset_id": "symbol"})
    prices.to_csv(desk.folder / "prices.csv", index=False)
    source = {"kind": "files", "path": "prices.csv", "calendar": "sessions"}
    desk.write(map_config(source, window_days=60))
    return desk


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (
            "2024-12-27",
            "2024-12-30",
            ["made 2 maps, skipped 0 days", "2 days were no sessions: 2024-12-28, 2024-12-29"],
        ),
        (
            "2024-12-28",
            "2024-12-29",
            [
                "made 0 maps, skipped 0 days",
                "2 days were no sessions: 2024-12-28, 2024-12-29",
                (
                    "2024-12-29 is no session: fewer than half of the assets have a price on it; "
                    "the last session before it is 2024-12-27"
                ),
            ],
        ),
        (
            "2024-12-25",
            "2024-12-25",
            [
                "made 0 maps, skipped 0 days",
                "1 day was no session: 2024-12-25",
                (
                    "2024-12-25 is no session: fewer than half of the assets have a price on it; "
                    "the last session before it is 2024-12-24"
                ),
            ],
        ),
    ],
    ids=["a weekend between", "a weekend alone", "a holiday alone"],
)
def test_days_on_which_the_market_was_closed_are_no_failure(
    desk: Desk, first: str, last: str, said: list[str]
) -> None:
    run = desk_of_sessions(desk).run("backfill", "--from", first, "--to", last)
    assert run.returncode == 0, run.stderr
    report = [line for line in run.stdout.splitlines() if not line.startswith("report: ")]
    assert report == said
    assert "skipped: " not in run.stderr


def test_days_before_the_data_are_a_failure_and_a_weekend_among_them_is_not(desk: Desk) -> None:
    desk_of_sessions(desk)
    first = str(random_market(calendar="B")["date"].min().date())
    run = desk.run("backfill", "--from", "2024-07-15", "--to", "2024-07-22")
    assert first == "2024-07-16"
    assert run.returncode == 1
    assert run.stdout.splitlines()[:2] == [
        "made 0 maps, skipped 6 days",
        "2 days were no sessions: 2024-07-20, 2024-07-21",
    ]
    assert "2024-07-15 skipped: prices.csv: no asset has a price in the 30 days" in run.stderr
    assert "2024-07-19 skipped: prices start on 2024-07-16, which gives 3 sessions" in run.stderr


def test_a_map_of_a_day_on_which_the_market_was_closed_is_refused_with_the_session_before(
    desk: Desk,
) -> None:
    run = desk_of_sessions(desk).run("run", "--as-of", "2024-12-28")
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].endswith("the last session before it is 2024-12-27")
    assert not desk.published.exists()


def test_many_days_on_which_the_market_was_closed_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = BackfillResult()
    for day in days_between(date(2024, 12, 1), date(2024, 12, 31), 1):
        result.skip(day, NoSessionError(f"{day} is no session"))
    print_result(result)
    assert capsys.readouterr().out.splitlines() == [
        "made 0 maps, skipped 0 days",
        "31 days were no sessions: from 2024-12-01 to 2024-12-31",
        "2024-12-31 is no session",
    ]
