"""Prefect's surroundings: what a person set for other servers is not for one of our own."""

import logging
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from requests.utils import get_environ_proxies, select_proxy
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from flows.service.environment import find_server, is_healthy, past_proxies, prepare
from marketmap.config import Config, parse_config
from marketmap.errors import ConfigError
from marketmap.settings import ScheduleSettings
from tests.support.command import map_config
from tests.support.proxy import Proxy

OURS = ("http://127.0.0.1:4200/api", "http://localhost:4200/api", "http://[::1]:4200/api")
ELSEWHERE = "https://api.coinmarketcap.com/data-api/v3"
PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Begin with no proxy, nothing of Prefect and no certificates, and put everything back."""
    with patch.dict(os.environ):
        for name in list(os.environ):
            if name.lower().endswith("_proxy") or name.startswith(("PREFECT_", "SSL_CERT_")):
                del os.environ[name]
        yield


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return parse_config(map_config(), folder=tmp_path, origin="config.yaml")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        yield running


@pytest.mark.parametrize(
    ("given", "excepted"),
    [
        ({}, None),
        ({"NO_PROXY": "a.example"}, None),
        ({"HTTP_PROXY": ""}, None),
        ({"HTTP_PROXY": PROXY}, "*,localhost,127.0.0.1,::1"),
        ({"all_proxy": "socks5://a:1"}, "*,localhost,127.0.0.1,::1"),
        (
            {"HTTPS_PROXY": PROXY, "NO_PROXY": " a.example , 10.0.0.0/8,127.0.0.1"},
            "*,localhost,127.0.0.1,::1,a.example,10.0.0.0/8",
        ),
        (
            {"http_proxy": PROXY, "NO_PROXY": "upper.example", "no_proxy": "lower.example"},
            "*,localhost,127.0.0.1,::1,lower.example",
        ),
        ({"HTTP_PROXY": PROXY, "NO_PROXY": "*"}, "*"),
    ],
)
def test_what_a_person_excepted_from_proxies_stays_and_this_machine_is_added(
    given: dict[str, str], excepted: str | None
) -> None:
    expected = {} if excepted is None else {"no_proxy": excepted, "NO_PROXY": excepted}
    assert past_proxies(given) == expected
    assert past_proxies({**given, **expected}) == expected


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("address", [PROXY, "socks5://proxy.example:1", "socks://a:1", "a:3128"])
def test_no_library_goes_to_our_server_through_a_proxy_nor_fails_at_its_sight(
    config: Config, name: str, address: str
) -> None:
    os.environ[name] = address
    before = select_proxy(ELSEWHERE, get_environ_proxies(ELSEWHERE))
    for server in (*OURS, "http://127.0.0.9:4200/api"):
        prepare(config, server)
        del os.environ["PREFECT_API_URL"]
        with httpx.Client() as client:
            assert client._mounts == {}
        assert select_proxy(server, get_environ_proxies(server)) is None
        assert get_proxy(parse_uri(server.replace("http", "ws"))) is None
    assert select_proxy(ELSEWHERE, get_environ_proxies(ELSEWHERE)) == before


def test_a_server_is_looked_for_past_the_proxy(proxy: Proxy, prefect_api: str) -> None:
    os.environ.update(proxy.variables())
    assert is_healthy(prefect_api)
    assert is_healthy(prefect_api.replace("127.0.0.1", "localhost"))
    assert proxy.requests == []
    assert urllib.request.getproxies()["http"] == proxy.origin


def test_a_server_elsewhere_is_looked_for_through_the_proxy(config: Config, proxy: Proxy) -> None:
    os.environ.update({**proxy.variables(), "PREFECT_API_URL": "http://prefect.example/api"})
    assert find_server(config) == "http://prefect.example/api"
    assert [(r.host, r.path) for r in proxy.requests] == [("prefect.example", "/api/health")]


def test_settings_for_other_servers_are_set_aside_and_named(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = {
        "PREFECT_API_KEY": "secret",
        "PREFECT_API_URL": "",
        "PREFECT_PROFILE": "cloud",
        "PREFECT_HOME": "/somewhere",
        "PREFECT_SERVER_API_BASE_PATH": "/prefect",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql://a/b",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "WEB_CONCURRENCY": "auto",
    }
    kept = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_LOGGING_EXTRA_LOGGERS": "mine"}
    os.environ.update({**foreign, **kept})
    prepare(config, None)
    assert capsys.readouterr().err == (
        "set aside, as PREFECT_API_URL names no server to use them with: PREFECT_API_KEY, "
        "PREFECT_HOME, PREFECT_PROFILE, PREFECT_SERVER_API_BASE_PATH, "
        "PREFECT_SERVER_DATABASE_CONNECTION_URL, WEB_CONCURRENCY\n"
    )
    left = {name: os.environ[name] for name in {**foreign, **kept} if name in os.environ}
    home = str(config.data_dir / "prefect")
    ours = {"PREFECT_HOME": home, "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    assert left == {**ours, **kept}


def test_settings_for_the_server_that_was_named_stay(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"PREFECT_API_URL": OURS[0], "PREFECT_API_KEY": "secret", "PREFECT_HOME": "/somewhere"}
    os.environ.update(own)
    prepare(config, OURS[0])
    assert {name: os.environ[name] for name in own} == own
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_are_none_are_set_aside_for_our_server_and_refused_for_others(
    config: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    os.environ["SSL_CERT_FILE"] = str(path)
    os.environ["PREFECT_API_URL"] = "https://prefect.example/api"
    with pytest.raises(ConfigError, match=f"SSL_CERT_FILE={path}: holds no certificates .*unset"):
        prepare(config, "https://prefect.example/api")
    prepare(config, OURS[0])
    assert capsys.readouterr().err.startswith(f"set aside: SSL_CERT_FILE={path}: holds no cert")
    assert "SSL_CERT_FILE" not in os.environ
    httpx.Client().close()


def test_a_proxy_of_a_kind_that_prefect_does_not_know_is_named_where_it_is_needed(
    config: Config,
) -> None:
    os.environ.update(ALL_PROXY="socks://proxy.example:1", PREFECT_API_URL="https://p.example/api")
    with pytest.raises(ConfigError, match=r"^ALL_PROXY: Prefect's client cannot use it \(Unknown "):
        prepare(config, "https://p.example/api")


def test_a_run_that_is_ended_with_the_service_is_no_crash_on_the_terminal(tmp_path: Path) -> None:
    os.environ["PREFECT_HOME"] = str(tmp_path)
    from flows.service.schedule import hush_crashes

    said = list[str]()
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    root = logging.getLogger()
    with patch.object(root, "handlers", [handler]):
        hush_crashes()
        for line in (
            "Crash detected! Execution was aborted by a termination signal.",
            "Finished in state Crashed('Execution was aborted by a termination signal.')",
            "Crash detected! Execution was interrupted by an unexpected exception",
        ):
            logging.getLogger("prefect.of_a_test").error(line)
    assert said == ["Crash detected! Execution was interrupted by an unexpected exception"]


@pytest.mark.parametrize(
    "cron",
    ["30 0 * * *", "*/15 8-18 * * mon-fri", "0 0 1,15 jan *", "0 0 29 2 *", "0 0 L * 7"],
)
def test_a_schedule_that_is_accepted_is_one_to_prefect(tmp_path: Path, cron: str) -> None:
    os.environ["PREFECT_HOME"] = str(tmp_path)
    from prefect.client.schemas.schedules import CronSchedule

    assert CronSchedule(cron=ScheduleSettings(cron=cron).cron).cron == cron
