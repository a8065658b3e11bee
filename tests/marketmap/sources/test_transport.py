"""The transport over real HTTP: what an answer, or none, becomes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.transport import TokenBucket, Transport
from tests.support.cmc_server import CmcServer, Fault

FAST = FetchSettings(requests_per_minute=60_000, timeout_seconds=5)
QUERY: dict[str, str | int] = {"start": 1, "limit": 5, "sortBy": "market_cap", "aux": "tags"}


@pytest.fixture
def server() -> Iterator[CmcServer]:
    values = {key: [1.0] for key in ("open", "high", "low", "close", "volume", "market_cap")}
    prices = pd.DataFrame({"date": ["2024-01-01"], "symbol": ["A"], "name": ["Alpha"], **values})
    with CmcServer(prices) as running:
        yield running


def ask(server: CmcServer, fetch: FetchSettings = FAST) -> Any:
    return Transport(server.base_url, fetch).get_json("/cryptocurrency/listing", QUERY)


def test_gives_the_parsed_body_and_names_itself(server: CmcServer) -> None:
    assert ask(server)["status"]["error_code"] == "0"
    assert "marketmap/" in server.requests[0].user_agent
    assert server.requests[0].query == {key: str(value) for key, value in QUERY.items()}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("429"), r"^127\.0\.0\.1:\d+ answered with HTTP 429 Too Many Requests$"),
        (Fault("429", retry_after="7"), r"HTTP 429 .* and asked to wait 7 s$"),
        (Fault("500"), r"HTTP 500 Internal Server Error$"),
        (Fault("html"), r"answered with something else than JSON \(text/html\)$"),
    ],
)
def test_an_answer_that_may_be_better_later_is_down(
    server: CmcServer, fault: Fault, message: str
) -> None:
    server.faults.append(fault)
    with pytest.raises(SourceDownError, match=message):
        ask(server)
    assert ask(server)["data"]  # and it is not tried again by the transport itself
    assert len(server.requests) == 2


def test_an_answer_that_stays_wrong_is_an_error_but_not_down(server: CmcServer) -> None:
    server.faults.append(Fault("403"))
    with pytest.raises(SourceError, match="HTTP 403 Forbidden") as caught:
        ask(server)
    assert not isinstance(caught.value, SourceDownError)


def test_an_answer_that_does_not_come_is_down_within_the_timeout(server: CmcServer) -> None:
    server.faults.append(Fault("hang"))
    begun = time.monotonic()
    with pytest.raises(SourceDownError, match=r"did not answer within 0\.2 s$"):
        ask(server, FetchSettings(timeout_seconds=0.2))
    assert time.monotonic() - begun < 2


def test_nobody_there_is_down_in_one_short_line(server: CmcServer) -> None:
    with CmcServer(pd.DataFrame({"date": [], "symbol": [], "name": []})) as gone:
        pass
    with pytest.raises(SourceDownError) as caught:
        ask(gone)
    assert "cannot be reached: [Errno" in str(caught.value)
    assert len(str(caught.value)) < 100


def test_an_address_of_nothing_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"^http: cannot be asked: .* No host supplied$"):
        Transport("http://", FAST).get_json("/x")


def test_retry_after_is_kept_in_both_of_its_forms(server: CmcServer) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90))
    for value, low, high in [
        ("7", 7, 7),
        (moment, 80, 90),
        ("Wed, 01 Jan 2020 00:00:00 -0000", 0, 0),
    ]:
        server.faults.append(Fault("429", retry_after=value))
        with pytest.raises(SourceDownError) as caught:
            ask(server)
        assert caught.value.retry_after is not None
        assert low <= caught.value.retry_after <= high
    for nothing in ("soon", None):
        server.faults.append(Fault("429", retry_after=nothing))
        with pytest.raises(SourceDownError) as caught:
            ask(server)
        assert caught.value.retry_after is None


def test_a_bucket_spaces_requests_evenly() -> None:
    now, waits = [100.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    bucket = TokenBucket(per_minute=30, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        bucket.take()
    assert waits == [2.0, 2.0]
    now[0] += 60  # an idle minute saves nothing up
    bucket.take()
    bucket.take()
    assert waits == [2.0, 2.0, 2.0]


def test_all_threads_and_transports_of_a_host_keep_one_pace(server: CmcServer) -> None:
    fetch = FetchSettings(requests_per_minute=1200, concurrency=8)  # one every 50 ms
    start = threading.Barrier(8)

    def one(_: int) -> None:
        start.wait()
        ask(server, fetch)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(8)))
    moments = sorted(request.at for request in server.requests)
    # 350 ms; less by what the first may be late on a busy machine, far more than without a pace.
    assert moments[-1] - moments[0] >= 0.2
