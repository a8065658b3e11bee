"""The transport over real HTTP: what an answer, or none, becomes."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import RawAnswer
from marketmap.sources.http import transport
from marketmap.sources.http.transport import Transport
from tests.support.cmc_faults import FaultKind
from tests.support.cmc_server import CmcServer, Fault

FAST = FetchSettings(timeout_seconds=5)
QUERY: dict[str, str | int] = {"start": 1, "limit": 5, "sortBy": "market_cap", "aux": "tags"}


@pytest.fixture
def server() -> Iterator[CmcServer]:
    values = {key: [1.0] for key in ("open", "high", "low", "close", "volume", "market_cap")}
    prices = pd.DataFrame({"date": ["2024-01-01"], "symbol": ["A"], "name": ["Alpha"], **values})
    with CmcServer(prices) as running:
        yield running


def ask(server: CmcServer, fetch: FetchSettings = FAST) -> RawAnswer:
    return Transport(server.base_url, fetch).get_json("/cryptocurrency/listing", QUERY)


def test_gives_the_body_as_text_and_parsed_and_names_itself(server: CmcServer) -> None:
    got = ask(server)
    assert got.value["status"]["error_code"] == "0"
    assert got.text.startswith('{"data":{"totalCount":"1","cryptoCurrencyList":[')
    assert json.loads(got.text) == got.value
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
    assert ask(server).value["data"]  # and it is not tried again by the transport itself
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
        ("Wed, 01 Jan 2020 00:00:00", 0, 0),
        (f" {'9' * 400} ", float("inf"), float("inf")),
    ]:
        server.faults.append(Fault("429", retry_after=value))
        with pytest.raises(SourceDownError) as caught:
            ask(server)
        assert caught.value.retry_after is not None
        assert low <= caught.value.retry_after <= high
    far = "Wed, 01 Jan 2020 00:00:00 +9999999999999999"
    for nothing in ("soon", "-5", "1.5", "", far, "Wed, 01 Jan 99999 00:00:00 GMT", None):
        server.faults.append(Fault("429", retry_after=nothing))
        with pytest.raises(SourceDownError) as caught:
            ask(server)
        assert caught.value.retry_after is None


# --- bytes as they come

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def wire() -> Iterator[Callable[..., str]]:
    """Serve a connection by a function, and give the address."""
    with ExitStack() as stack:

        def serve(speak: Callable[[socket.socket], None]) -> str:
            return stack.enter_context(speaking(speak))

        yield serve


@contextmanager
def speaking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(65536)
                        speak(connection)

        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def whole(body: bytes, head: bytes = OK) -> Callable[[socket.socket], None]:
    """Send a body at once."""
    return lambda connection: connection.sendall(
        head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


def get(address: str, timeout: float = 5.0) -> RawAnswer:
    return Transport(address, FetchSettings(timeout_seconds=timeout)).get_json("/x")


@pytest.mark.parametrize("length", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
def test_a_body_that_drips_is_given_up_within_the_timeout(
    wire: Callable[..., str], length: bytes
) -> None:
    left = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(OK + length + b"\r\n\r\n")
        drop = b"1\r\n \r\n" if b"chunked" in length else b" "
        try:
            for _ in range(100):
                connection.sendall(drop)
                time.sleep(0.05)
        except OSError:
            left.set()

    begun = time.monotonic()
    with pytest.raises(SourceDownError, match=r"^127.* did not answer within 0\.3 s$"):
        get(wire(drip), 0.3)
    assert 0.3 <= time.monotonic() - begun < 1.5
    assert left.wait(3)  # and the connection is closed


def test_a_body_in_many_small_parts_is_put_together(wire: Callable[..., str]) -> None:
    text = json.dumps({"a": list(range(200)), "\u00e9": "\u20ac"}, ensure_ascii=False)

    def speak(connection: socket.socket) -> None:
        connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        body = text.encode()
        for at in range(0, len(body), 7):
            part = body[at : at + 7]
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        connection.sendall(b"0\r\n\r\n")

    got = get(wire(speak))
    assert (got.text, got.value) == (text, json.loads(text))


def test_a_packed_body_is_unpacked(wire: Callable[..., str]) -> None:
    body = b'{"a": 1}'
    got = get(wire(whole(gzip.compress(body), OK + b"Content-Encoding: gzip\r\n")))
    assert (got.text, got.value) == ('{"a": 1}', {"a": 1})


def test_a_body_that_cannot_be_unpacked_is_down(wire: Callable[..., str]) -> None:
    with pytest.raises(SourceDownError, match="cannot be reached"):
        get(wire(whole(b"not packed", OK + b"Content-Encoding: gzip\r\n")))


def test_a_body_without_end_is_an_error(
    wire: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1000)

    def endless(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        while True:
            connection.sendall(b" " * 700)

    with pytest.raises(SourceError, match=r"^127.* answered with more than 1,000 bytes$") as caught:
        get(wire(endless))
    assert not isinstance(caught.value, SourceDownError)
    assert get(wire(whole(b" " * 999 + b"1"))).value == 1  # just as long as it may be


def test_a_small_body_that_unpacks_to_a_large_one_is_an_error(
    wire: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1_000_000)
    packed = gzip.compress(b" " * 50_000_000)
    assert len(packed) < 60_000
    with pytest.raises(SourceError, match="answered with more than 1,000,000 bytes"):
        get(wire(whole(packed, OK + b"Content-Encoding: gzip\r\n")))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": "\xff\xfe"}',
        b'{"a": "\xed\xa0\x80"}',  # half a surrogate pair, in bytes
        b'\xef\xbb\xbf{"a": 1}',
        "{}".encode("utf-16"),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"",
        b'{"a": 1} {}',
        b'{"a": 1',
    ],
    ids=["deep", "deep keys", "bytes", "half", "mark", "utf-16", "long", "empty", "two", "torn"],
)
def test_a_body_that_is_no_json_is_down(wire: Callable[..., str], body: bytes) -> None:
    said = r"^127.* answered with something else than JSON \(application/json\)$"
    with pytest.raises(SourceDownError, match=said):
        get(wire(whole(body)))


def test_what_a_body_is_said_to_be_is_told_in_one_line(wire: Callable[..., str]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/\r\n  \x1b[31mhtml\r\n"
    with pytest.raises(SourceDownError) as caught:
        get(wire(whole(b"<html>", head)))
    assert str(caught.value).isprintable()
    with pytest.raises(SourceDownError, match=r"\(no content type\)$"):
        get(wire(whole(b"<html>", b"HTTP/1.1 200 OK\r\n")))
    with pytest.raises(SourceError) as refused:
        get(wire(whole(b"", b"HTTP/1.1 404 \x1b[31mGone\r\n")))
    assert str(refused.value).isprintable()


def test_half_a_surrogate_pair_that_json_spells_out_is_kept(wire: Callable[..., str]) -> None:
    got = get(wire(whole(rb'{"a": "\ud800"}')))
    assert (got.text, got.value) == (r'{"a": "\ud800"}', {"a": "\ud800"})


@pytest.mark.parametrize("sent", [b"", b'{"a": 1}'])
def test_a_body_shorter_than_was_said_is_down(wire: Callable[..., str], sent: bytes) -> None:
    head = OK + b"Content-Length: 50\r\n\r\n"
    with pytest.raises(SourceDownError, match=r"cannot be reached: .*IncompleteRead"):
        get(wire(lambda connection: connection.sendall(head + sent)))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}",
        OK + b"Content-Length: 1, 2\r\n\r\n{}",
    ],
    ids=["nothing", "garbage", "many headers", "long header", "no chunk", "half chunk", "lengths"],
)
def test_what_is_no_http_is_down(wire: Callable[..., str], said: bytes) -> None:
    with pytest.raises(SourceDownError, match="cannot be reached"):
        get(wire(lambda connection: connection.sendall(said)))


@pytest.mark.parametrize(
    "where", [b"\xff\xfe", b"http://", b"http://[", b"ftp://example.com", b"http://a\xff.b/", b"/x"]
)
def test_being_sent_elsewhere_is_an_error(wire: Callable[..., str], where: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\n"
    with pytest.raises(SourceError) as caught:
        get(wire(whole(b"", head)))
    assert "\n" not in str(caught.value)


def test_one_goes_where_one_is_sent_and_leaves_the_body_of_the_sending_unread(
    wire: Callable[..., str], server: CmcServer
) -> None:
    where = f"{server.base_url}/cryptocurrency/listing?start=1&limit=5".encode()

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 301 Moved\r\nLocation: " + where + b"\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    begun = time.monotonic()
    assert get(wire(endless), 1.0).value["data"]["totalCount"] == "1"
    assert time.monotonic() - begun < 1.5


def test_no_cookie_is_kept(wire: Callable[..., str]) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        talking = Transport(
            f"http://127.0.0.1:{listening.getsockname()[1]}", FetchSettings(timeout_seconds=5)
        )

        def run() -> None:
            for _ in range(2):
                connection, _address = listening.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    whole(b"1", OK + b"Set-Cookie: a=b; Path=/\r\nConnection: close\r\n")(
                        connection
                    )

        thread = threading.Thread(target=run)
        thread.start()
        assert [talking.get_json("/x").value for _ in range(2)] == [1, 1]
        thread.join()
    assert len(asked) == 2
    assert b"ookie" not in asked[1]


def test_threads_share_a_transport(server: CmcServer) -> None:
    talking = Transport(server.base_url, FAST.model_copy(update={"concurrency": 8}))

    def one(_: int) -> str:
        got = talking.get_json("/cryptocurrency/listing", QUERY)
        return str(got.value["data"]["cryptoCurrencyList"][1]["name"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(40))) == ["Alpha"] * 40


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:9/v3", "http://no-such-host.invalid/v3", "http://[::1]:9"],
)
def test_a_host_without_any_connection_is_unreachable(base_url: str) -> None:
    with pytest.raises(SourceDownError, match="cannot be reached: ") as caught:
        Transport(base_url, FAST).get_json("/listing")
    assert caught.value.is_unreachable


@pytest.mark.parametrize("kind", ["500", "429", "html"])
def test_a_host_that_answers_anything_is_not_unreachable(
    server: CmcServer, kind: FaultKind
) -> None:
    server.faults.append(Fault(kind))
    with pytest.raises(SourceDownError) as caught:
        ask(server)
    assert not caught.value.is_unreachable
