"""A storm strikes as often as was said, and alike for the same seed."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.cmc_answers import Answer
from tests.support.cmc_client import HISTORY, LISTING, MARKET, MONTH, ask
from tests.support.cmc_faults import ALL_KINDS, Fault, Storm, StormKind
from tests.support.cmc_server import CmcServer
from tests.support.http_server import Request


@pytest.fixture(scope="module")
def server() -> Iterator[CmcServer]:
    with CmcServer(MARKET) as running:
        yield running


def storm_of(rate: float, seed: int, *without: StormKind) -> Storm:
    kinds = [kind for kind in ALL_KINDS if kind not in without]
    return Storm(rate, seed, kinds, hang_seconds=0.01)


def all_targets() -> list[str]:
    histories = [
        HISTORY.format(i, 1767225600 + 86400 * 20 * k) for i in range(1, 13) for k in (1, 2)
    ]
    return [*histories, *(LISTING.format(start) for start in (1, 9))] * 4


def test_the_same_requests_meet_the_same_faults_in_any_order(server: CmcServer) -> None:
    asked = all_targets()
    met: list[tuple[Counter[Any], Counter[str]]] = []
    for order in (0, 1):
        server.storm = storm_of(0.5, 7, "stale")
        mixed = random.Random(order).sample(asked, len(asked))
        with ThreadPoolExecutor(4) as pool:
            answers = zip(mixed, pool.map(lambda one: ask(server, one), mixed), strict=True)
            told = Counter((one, got.timeless) for one, got in answers)
        met.append((told, server.storm.struck))
    server.storm = None
    assert met[0] == met[1]
    assert len(met[0][1]) > 10


def test_another_seed_is_another_storm() -> None:
    struck = [Storm(0.5, seed, ["html"]) for seed in (1, 2)]
    answers = [[send(storm, str(i)) for i in range(100)] for storm in struck]
    assert answers[0] != answers[1]


def send(storm: Storm, asset_id: str = "1") -> str:
    truth = Answer({"error_code": "0"}, {"id": 1}, rows=['{"quote":{"close":1.0}}'])
    request = Request("/historical", {"id": asset_id}, "")
    return str(storm.response(request, truth, lambda _: None).body)


def test_as_many_are_struck_as_was_said_and_all_kinds_alike() -> None:
    kinds: list[StormKind] = ["429", "html", "5xx", "truncated"]
    storm = Storm(0.2, 3, kinds)
    for i in range(8000):
        send(storm, str(i % 400))
    n_struck = sum(storm.struck.values())
    assert storm.met == 8000
    assert abs(n_struck - 1600) < 4 * (8000 * 0.2 * 0.8) ** 0.5
    for kind in kinds:
        assert abs(storm.struck[kind] - n_struck / 4) < 4 * (n_struck * 0.25 * 0.75) ** 0.5


def test_a_rate_of_one_spares_nobody_and_the_truth_is_whole_afterwards(server: CmcServer) -> None:
    server.storm = None
    asked = all_targets()
    truths = {target: ask(server, target) for target in asked}
    storm = server.storm = storm_of(1.0, 5)
    for target in asked:
        assert ask(server, target).timeless != truths[target].timeless
    server.storm = None
    assert storm.struck.total() == storm.met == len(asked)
    assert set(storm.struck) == set(ALL_KINDS)
    assert all(ask(server, one).timeless == truths[one].timeless for one in truths)


def test_a_rate_of_nothing_tells_the_truth(server: CmcServer) -> None:
    storm = server.storm = Storm(0.0, 0)
    assert len(ask(server, MONTH).rows) > 20
    server.storm = None
    assert storm.struck == {}


def test_what_is_ordered_goes_before_the_storm(server: CmcServer) -> None:
    storm = server.storm = Storm(1.0, 0, ["html"])
    server.faults.append(Fault("refused"))
    assert ask(server, MONTH).json["status"]["error_code"] == "400"
    assert storm.met == 0
    assert b"Cloudflare" in ask(server, MONTH).body
    server.storm = None


def test_requests_sees_the_faults_as_its_own_errors(server: CmcServer) -> None:
    url = f"{server.base_url}/cryptocurrency/{MONTH}"
    caught = set()
    for seed in range(30):
        server.storm = Storm(1.0, seed, ["reset", "truncated"])
        try:
            requests.get(url, timeout=5).json()
        except requests.RequestException as error:
            caught.add(type(error))
    server.storm = None
    assert caught == {
        requests.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        requests.JSONDecodeError,
    }
