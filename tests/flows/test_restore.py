"""``marketmap restore``, as a person runs it after a disaster."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from storage import Manifest, stored_runs
from tests.conftest import ROOT
from tests.support.cmc_server import CmcServer
from tests.support.command import Desk, map_config
from tests.support.remote import simulated_prices

pytestmark = pytest.mark.long

MAP = "select asset_id, cluster, is_exemplar, last_close from latest_clusters order by asset_id"


def lose_everything(desk: Desk) -> None:
    """Leave what was archived and the manifest only."""
    for name in ("published", "matrices", "reports"):
        shutil.rmtree(desk.folder / "data" / name)
    (desk.folder / "data" / "marketmap.duckdb").unlink()


def test_without_any_database_maps_come_back_from_archived_answers(
    remote: Desk, coins: CmcServer
) -> None:
    assert remote.run("run").returncode == 0
    before = remote.ask(MAP)
    made = Manifest(remote.folder / "data").runs()
    lose_everything(remote)
    doctor = remote.run("doctor")
    assert doctor.returncode == 1
    assert "1 of 1 that were made are missing" in doctor.stdout
    coins.requests.clear()
    restored = remote.run("restore")
    assert restored.returncode == 0, restored.stderr
    assert "made 1 lost run again\n" in restored.stdout
    assert coins.requests == []
    assert remote.ask(MAP).equals(before)
    stored = stored_runs(remote.published)
    assert {run.checksum for run in stored.values()} == {run.checksum for run in made.values()}
    assert len(list((remote.folder / "data" / "reports" / "demo").iterdir())) == 1
    again = remote.run("restore")
    assert again.returncode == 0, again.stderr
    assert "is not damaged; left as it is" in again.stdout
    assert "no run is missing\n" in again.stdout


def test_a_simulated_map_is_made_again_from_its_source(desk: Desk) -> None:
    assert desk.run("run").returncode == 0
    before = desk.ask(MAP)
    lose_everything(desk)
    restored = desk.run("restore")
    assert restored.returncode == 0, restored.stderr
    assert "made 1 lost run again\n" in restored.stdout
    assert desk.ask(MAP).equals(before)
    assert desk.run("doctor").returncode == 0


def test_a_map_whose_file_is_gone_keeps_no_other_from_being_made_again(desk: Desk) -> None:
    prices = desk.folder / "prices.csv"
    rows = simulated_prices()[["date", "symbol", "close"]]
    rows.to_csv(prices, index=False)
    files = map_config({"kind": "files", "path": "prices.csv"})["maps"]["demo"]
    demo = map_config()["maps"]["demo"]
    desk.write({"maps": {"a-file": files, "demo": demo}})
    for name in ("a-file", "demo"):
        made = desk.run("run", "--map", name)
        assert made.returncode == 0, made.stderr
    lose_everything(desk)
    prices.unlink()
    restored = desk.run("restore")
    assert restored.returncode == 1, restored.stderr
    assert "map a-file: prices.csv: no such file" in restored.stderr
    assert "made 1 lost run again; 1 still missing\n" in restored.stdout
    assert desk.ask("select map from runs").to_pylist() == [{"map": "demo"}]


def test_a_backup_is_restored_by_name(desk: Desk) -> None:
    assert desk.run("run").returncode == 0
    backup = desk.run("backup", "--output", "safe")
    assert backup.stdout == "safe/marketmap.duckdb\n"
    lose_everything(desk)
    restored = desk.run("restore", "--from", "safe")
    assert restored.returncode == 0, restored.stderr
    assert "restored from safe/marketmap.duckdb" in restored.stdout
    assert desk.ask("select count(*) as n from runs").to_pylist() == [{"n": 1}]
    wrong = desk.run("restore", "--from", "nowhere")
    assert wrong.returncode == 2
    assert wrong.stderr.splitlines()[-1].startswith("error: nowhere: no such folder; expected what")


def test_with_the_shipped_config_a_sample_map_without_its_file_fails_nothing(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    shipped = (ROOT / "config.yaml").read_text()
    desk.write(shipped.replace("https://api.coinmarketcap.com", "http://127.0.0.1:9"))
    for command in (("run", "--map", "demo"), ("restore",), ("doctor",)):
        done = desk.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "warn  source of stocks: " in done.stdout
    lose_everything(desk)
    restored = desk.run("restore")
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.splitlines()[1:] == [
        "map crypto: nothing is archived",
        "made 1 lost run again",
        "published data/published/marketmap.duckdb",
    ]


def test_a_map_that_fails_at_reading_its_answers_again_keeps_no_other_from_it(
    remote: Desk,
) -> None:
    config = yaml.safe_load((remote.folder / "config.yaml").read_text())
    unknown = map_config({"kind": "ccxt", "exchange": "no_such_exchange"})["maps"]["demo"]
    remote.write({**config, "maps": {"sample": unknown, **config["maps"]}})
    assert remote.run("run", "--map", "demo").returncode == 0
    restored = remote.run("restore")
    assert restored.returncode == 0, restored.stderr
    assert "map sample: " in restored.stderr
    assert "no_such_exchange" in restored.stderr
    assert re.search(
        r"^map demo: \d+ answers read again; 0 prices new or changed$",
        restored.stdout,
        re.MULTILINE,
    )
    # The same failure of a map that was made before is one of the command.
    remote.write({**config, "maps": {"demo": unknown, "sample": config["maps"]["demo"]}})
    assert remote.run("restore").returncode == 1
