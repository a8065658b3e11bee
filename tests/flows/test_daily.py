"""The daily flow, through the command line: what is asked, stored, told and survived."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

import storage
from flows.cli.common import NOT_RECORDED
from flows.steps.context import open_map
from marketmap.sources.base import is_remote
from tests.support.cmc_server import CmcServer, Fault
from tests.support.command import Desk, map_config
from tests.support.prefect_server import found
from tests.support.remote import PATIENCE, YESTERDAY, digest

VIEWS = ("cluster_history", "edges", "positions", "exclusions", "repairs", "cv_scores")


def contents(desk: Desk) -> dict[str, list[object]]:
    """Return every row of a desk's maps, but for the time at which they were made."""
    tables = {view: desk.ask(f"from {view} order by all").to_pylist() for view in VIEWS}
    return {**tables, "runs": desk.ask("select * exclude (created_at) from runs").to_pylist()}


def test_a_simulated_map_is_made_stored_drawn_and_told(made: Desk) -> None:
    run = made.run("run")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    n_assets = made.ask("from latest_clusters").num_rows
    assert lines[0].startswith(f"map demo as of 2025-12-31: {n_assets} assets, 120 days, ")
    (recovery,) = [line for line in lines if line.startswith("agreement ")]
    assert " (adjusted Rand index, where 1 is the same groups; mean " in recovery
    assert recovery.endswith(" over 10 simulated markets)")
    report = made.folder / "data" / "reports" / "demo" / "2025-12-31.html"
    assert lines[-1] == f"report: {report.relative_to(made.folder)}"
    assert "simulated" in report.read_text().lower()
    assert [line.split()[0] for line in run.stderr.splitlines()] == [
        "no",
        "map",
        "listed",
        "prices",
        "prices",
        "chose",
        "found",
        "stored",
        "published",
    ]


def test_the_same_day_twice_changes_nothing_but_the_time(made: Desk) -> None:
    before, time_before = contents(made), made.ask("select created_at from runs").to_pylist()
    matrices = storage.load("demo", database=made.published)
    assert made.run("run").returncode == 0
    assert contents(made) == before
    assert made.ask("select created_at from runs").to_pylist() != time_before
    again = storage.load("demo", database=made.published)
    pd.testing.assert_frame_equal(again.precision, matrices.precision, check_exact=True)
    pd.testing.assert_frame_equal(again.covariance, matrices.covariance, check_exact=True)


def test_only_what_is_not_stored_is_asked(remote: Desk, coins: CmcServer) -> None:
    first = remote.run("run")
    assert first.returncode == 0, first.stderr
    assert len(coins.asked("listing")) == 1
    assert {r.query["id"] for r in coins.asked("historical")} == {str(i) for i in coins.coins}
    coins.requests.clear()
    second = remote.run("run")
    assert second.returncode == 0, second.stderr
    assert coins.requests == []
    assert second.stdout == first.stdout


def test_a_coin_that_never_answers_is_left_out_and_named(remote: Desk, coins: CmcServer) -> None:
    dead = coins.asset_id("CON2")
    coins.faults.append(Fault("500", "historical", times=math.inf, asset_id=dead))
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert f"note: The prices of CON2 ({dead}) could not be fetched" in run.stdout
    reasons = remote.ask(f"select reason from exclusions where asset_id = '{dead}'")
    assert reasons.to_pylist() == [{"reason": "no_prices"}]
    assert "CON2" in remote.ask("select notes from latest_runs").to_pylist()[0]["notes"][0]
    # once and once more, in the run and in both waits for the day
    assert len([r for r in coins.asked("historical") if r.query["id"] == dead]) >= 2


def test_a_source_that_stutters_is_asked_again(remote: Desk, coins: CmcServer) -> None:
    coins.faults += [Fault("500", "listing", times=1), Fault("429", "historical", times=1)]
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert "note:" not in run.stdout


def test_late_coins_are_waited_for(remote: Desk, coins: CmcServer) -> None:
    for number in list(coins.coins)[:4]:
        coins.faults.append(Fault("late", "historical", asset_id=str(number)))
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert (
        f"waiting 0.1 s: 4 of {len(coins.coins)} assets do not have {YESTERDAY} yet" in run.stderr
    )
    assert "note:" not in run.stdout


def test_coins_that_stay_late_are_left_out_and_named(remote: Desk, coins: CmcServer) -> None:
    late = [coins.asset_id(symbol) for symbol in ("CON2", "GAM1")]
    for asset_id in late:
        coin = coins.coins[int(asset_id)]
        coins.coins[int(asset_id)] = replace(coin, prices=coin.prices.iloc[:-1])
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("waiting 0.1 s") == PATIENCE["wait_for_day_attempts"]
    (note,) = [line for line in run.stdout.splitlines() if line.startswith("note:")]
    assert note.startswith(f"note: No price of {YESTERDAY} had come for ")
    assert all(symbol in note for symbol in ("CON2", "GAM1"))
    mapped = remote.ask("select asset_id from latest_clusters")["asset_id"].to_pylist()
    assert not {*late} & {*mapped}


def test_a_source_that_is_down_leaves_everything_as_it_was(remote: Desk, coins: CmcServer) -> None:
    assert remote.run("run").returncode == 0
    before = digest(remote.published)
    report = next((remote.folder / "data" / "reports").rglob("*.html"))
    drawn = report.read_text()
    remote.write(
        {
            **map_config({"kind": "coinmarketcap", "base_url": "http://127.0.0.1:9/x"}),
            "fetch": PATIENCE,
        }
    )
    past = (YESTERDAY - timedelta(days=10)).isoformat()
    run = remote.run("run", "--as-of", past)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in run.stderr
    assert digest(remote.published) == before
    assert report.read_text() == drawn


OFFLINE = {"kind": "coinmarketcap", "base_url": "http://127.0.0.1:9/x"}


def test_without_network_a_run_soon_ends_and_says_why(desk: Desk) -> None:
    desk.write({**map_config(OFFLINE), "fetch": {"backoff_seconds": 0.01}})
    run = desk.run("run")
    assert run.returncode == 2
    last = run.stderr.splitlines()[-1]
    assert last.startswith("error: listing: 127.0.0.1:9 cannot be reached: ")
    assert last.endswith("; check the network and base_url, or try again later")
    asked = storage.Database.open(desk.folder / "data" / "marketmap.duckdb")
    with asked as database:
        counts = database.requests_since("coinmarketcap", datetime(2000, 1, 1, tzinfo=UTC))
    assert counts[["outcome", "n_requests"]].to_numpy().tolist() == [["unavailable", 2]]


def test_without_network_a_day_whose_prices_are_stored_is_made(
    remote: Desk, coins: CmcServer
) -> None:
    first = remote.run("run")
    assert first.returncode == 0, first.stderr
    universe = {"size": 16, "candidates": 40}  # more than are stored, so that it asks
    remote.write({**map_config(OFFLINE, universe=universe), "fetch": {"backoff_seconds": 0.01}})
    run = remote.run("run")
    assert run.returncode == 0, run.stderr
    assert f"the listing that was stored of {YESTERDAY} is taken" in run.stderr


def test_an_unattended_run_waits_for_a_network_as_long_as_it_may(desk: Desk) -> None:
    desk.write({**map_config(OFFLINE), "fetch": {"attempts": 4, "backoff_seconds": 0}})
    path = desk.folder / "config.yaml"
    for unattended, n_asked in ((False, 2), (True, 4)):
        with open_map(path, None, unattended=unattended) as context:
            assert is_remote(context.source)
            answer = context.source.ask_listing(YESTERDAY, 5)
        assert len(answer.attempts) == n_asked


def test_no_histories_at_all_is_an_error(remote: Desk, coins: CmcServer) -> None:
    coins.faults.append(Fault("500", "historical", times=math.inf))
    run = remote.run("run")
    assert run.returncode == 2
    last = run.stderr.splitlines()[-1]
    assert last.startswith(
        f"error: coinmarketcap: 0 of 19 assets' prices up to {YESTERDAY} came, expected 80% or "
        "more (fetch.min_answered); coin "
    )
    assert not remote.published.exists()


def test_an_empty_listing_is_an_error(remote: Desk, coins: CmcServer) -> None:
    coins.faults.append(Fault("empty", "listing", times=math.inf))
    run = remote.run("run")
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("error: ")
    assert coins.asked("historical") == []
    assert not remote.published.exists()


def test_a_past_day_from_todays_listing_says_that_the_vanished_are_missing(
    remote: Desk, coins: CmcServer
) -> None:
    past = (YESTERDAY - timedelta(days=3)).isoformat()
    run = remote.run("run", "--as-of", past)
    assert run.returncode == 0, run.stderr
    assert "warning: The list of assets is of a later day" in run.stdout
    stored = remote.ask("select as_of::varchar as day, survivors_only from runs").to_pylist()
    assert stored == [{"day": past, "survivors_only": True}]
    # today's listing is kept under its own day
    listed = remote.ask("select distinct as_of::varchar as day from listings").to_pylist()
    assert listed == [{"day": YESTERDAY.isoformat()}]


def test_a_day_that_is_not_over_is_refused(remote: Desk, coins: CmcServer) -> None:
    today = (YESTERDAY + timedelta(days=1)).isoformat()
    run = remote.run("run", "--as-of", today)
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1] == (
        f"error: --as-of {today}: the last complete day that coinmarketcap can have is {YESTERDAY}"
    )
    assert coins.requests == []


def test_a_map_that_is_being_made_is_not_made_by_another_process(desk: Desk) -> None:
    from flows.steps.lock import map_lock
    from marketmap.config import load_config

    with map_lock(load_config(desk.folder / "config.yaml"), "demo"):
        run = desk.run("run")
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("error: map demo is being made by process ")


def test_a_run_without_a_server_is_not_recorded_and_says_so(desk: Desk) -> None:
    run = desk.run_anew("run")
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[0] == NOT_RECORDED
    assert {path.name for path in desk.folder.iterdir()} == {"config.yaml", "data"}
    assert not (desk.folder / "data" / "prefect").exists()
    assert desk.processes() == []


@pytest.mark.long
def test_a_run_is_recorded_where_a_server_is_up(recorded: Desk, prefect_api: str) -> None:
    own = str(recorded.folder / "config.yaml")
    run = recorded.run_anew("run", "--config", own)
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[0] == f"recording to the Prefect server at {prefect_api} ..."
    all_runs = found(prefect_api, "flow_runs", {})  # of other tests, too
    (flow_run,) = (run for run in all_runs if run["parameters"]["config_path"] == own)
    assert (flow_run["name"], flow_run["state_name"]) == ("demo, newest day", "Completed")
    assert flow_run["parameters"]["map_name"] == "demo"
    wanted = {"artifacts": {"flow_run_id": {"any_": [flow_run["id"]]}}}
    shown = found(prefect_api, "artifacts", wanted)
    assert {artifact["key"] for artifact in shown} == {"demo-report", "demo-clusters"}
    again = Desk(recorded.folder).run("run", "--config", own)
    assert again.stdout == run.stdout
