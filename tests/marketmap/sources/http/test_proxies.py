"""Proxies, certificates and passwords of the environment: for hosts elsewhere, or for nobody."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from marketmap.errors import ConfigError, SourceDownError, SourceError
from marketmap.settings import ExchangeSettings, FetchSettings
from marketmap.sources.exchange.client import Client
from marketmap.sources.http.proxies import certificates_for, is_local, proxies_for, proxy_for
from marketmap.sources.http.transport import Transport
from tests.support.proxy import Proxy

FETCH = FetchSettings(timeout_seconds=5)
NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CLEAN = (*NAMES, *(name.upper() for name in NAMES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
ELSEWHERE = "http://coins.example/v3"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CLEAN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy(json.dumps({"came": "through the proxy"})) as running:
        yield running


@pytest.fixture
def mirror() -> Iterator[Proxy]:
    with Proxy(json.dumps({"came": "straight"})) as running:
        yield running


def came(base_url: str) -> object:
    return Transport(base_url, FETCH).get_json("/listing").value["came"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v3", True),
        ("http://127.8.8.8", True),
        ("http://LOCALHOST:1", True),
        ("http://coins.localhost", True),
        ("http://[::1]:8000", True),
        ("http://0.0.0.0:4200/api", True),
        ("https://api.coinmarketcap.com", False),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_an_address_is_this_machines_own_or_not(url: str, expected: bool) -> None:
    assert is_local(url) is expected


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_hosts_elsewhere_are_asked_through_the_proxy_and_this_machine_is_not(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, mirror: Proxy, name: str
) -> None:
    monkeypatch.setenv(name, proxy.origin)
    assert came(mirror.origin) == "straight"
    assert came(mirror.origin.replace("127.0.0.1", "localhost")) == "straight"
    assert proxy.requests == []
    assert came(ELSEWHERE) == "through the proxy"
    assert [(r.host, r.path) for r in proxy.requests] == [("coins.example", "/v3/listing")]


def test_a_host_that_a_person_excepted_is_asked_past_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "coinmarketcap.com")
    assert proxies_for("https://api.coinmarketcap.com") == {}
    assert proxy_for("https://api.kraken.com") == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "*,127.0.0.1")  # as it is for Prefect
    assert proxy_for("https://api.coinmarketcap.com") == "http://proxy.example:3128"


def test_a_proxy_that_is_down_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@127.0.0.1:9")
    told = r"^coins.example cannot be reached through the proxy http://127.0.0.1:9: "
    with pytest.raises(SourceDownError, match=told) as error:
        came(ELSEWHERE)
    assert "secret" not in str(error.value)


def test_no_password_is_sent_but_that_of_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", proxy.origin)
    came(ELSEWHERE)
    assert proxy.requests[-1].authorization == ""
    came("http://a:b@coins.example/v3")
    assert proxy.requests[-1].authorization == "Basic YTpi"
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(SourceDownError, match=r"^coins\.example cannot"):
        came("http://a:b@coins.example/v3")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mirror: Proxy, name: str
) -> None:
    path = tmp_path / "ca.pem"
    monkeypatch.setenv(name, str(path))
    assert came(mirror.origin) == "straight"
    told = f"{name}={path}: no such file or folder; .* that api.coinmarketcap.com is checked with"
    with pytest.raises(ConfigError, match=told):
        Transport("https://api.coinmarketcap.com/v3", FETCH)
    with pytest.raises(ConfigError, match=name):
        Client(ExchangeSettings(kind="ccxt", exchange="kraken"), FETCH)
    path.touch()
    assert certificates_for("https://api.coinmarketcap.com") == str(path)


def test_an_exchange_is_asked_through_the_proxy_and_a_stand_in_of_it_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy, mirror: Proxy
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", proxy.origin)
    for base_url in (mirror.origin, "http://exchange.example"):
        client = Client(ExchangeSettings(kind="ccxt", exchange="kraken", base_url=base_url), FETCH)
        with suppress(SourceError):  # neither speaks as an exchange does
            client.markets()
    assert len(mirror.requests) > 0
    assert {request.host for request in proxy.requests} == {"exchange.example"}
    assert {r.authorization for r in (*mirror.requests, *proxy.requests)} == {""}
