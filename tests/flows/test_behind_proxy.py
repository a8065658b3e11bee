"""Commands where a proxy is set and forbids the way to this machine's own servers."""

from datetime import timedelta

import pytest

from tests.support.cmc_server import CmcServer
from tests.support.command import Desk
from tests.support.prefect_server import found
from tests.support.proxy import Proxy
from tests.support.remote import YESTERDAY

COMMANDS = (
    ("run",),
    ("fetch",),
    ("backfill", "--from", f"{YESTERDAY - timedelta(days=1)}"),
)


@pytest.mark.long
def test_neither_prefect_nor_a_local_source_is_asked_through_a_proxy(
    remote: Desk, coins: CmcServer, prefect_api: str
) -> None:
    with Proxy() as proxy:
        desk = Desk(remote.folder, {**proxy.variables(), "PREFECT_API_URL": prefect_api})
        own = str(desk.folder / "config.yaml")
        for command in COMMANDS:
            run = desk.run(*command, "--config", own)
            assert run.returncode == 0, run.stderr
            assert "Traceback" not in run.stderr
        assert proxy.requests == []
    assert coins.requests
    runs = [r for r in found(prefect_api, "flow_runs", {}) if r["parameters"]["config_path"] == own]
    assert len(runs) == len(COMMANDS)
    assert {run["state_name"] for run in runs} == {"Completed"}


def test_the_doctor_tells_of_proxies_and_asks_this_machine_past_them(
    remote: Desk, coins: CmcServer
) -> None:
    with Proxy() as proxy:
        told = Desk(remote.folder, proxy.variables()).run("doctor").stdout.splitlines()
        assert proxy.requests == []
    assert (
        "ok    proxy: ALL_PROXY, HTTPS_PROXY, HTTP_PROXY, http_proxy set; used for other hosts, "
        "never for a server on this machine"
    ) in told
    assert any(line.startswith("ok    source of demo: coinmarketcap answers") for line in told)
    assert coins.requests
