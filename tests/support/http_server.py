"""The HTTP of all stand-in servers: HTTP/1.1, connections that are kept, and all that breaks."""

import os
import select
import socket
import struct
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """A GET request as it came; ``host`` is told where this server is asked as a proxy."""

    path: str
    query: Mapping[str, str]
    user_agent: str
    host: str = ""
    authorization: str = ""
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Response:
    """What goes over the wire.

    Attributes
    ----------
    sent : int, optional
        How many bytes of the body are sent, however many were promised; by default all.
    ending : {"kept", "closed", "reset", "hang"}
        What becomes of the connection: it is kept, closed in order, or reset by TCP; or nothing at
        all comes for ``seconds``. One that is reset and has no body has no head either.
    """

    body: str | bytes = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    sent: int | None = None
    ending: Literal["kept", "closed", "reset", "hang"] = "kept"
    seconds: float = 0.0


class StandIn(ABC):
    """A server on 127.0.0.1 that stands in for a real service; a context manager.

    A subclass says what it answers (:meth:`respond`).

    Parameters
    ----------
    port : int
        0 for any free one.

    Attributes
    ----------
    requests : list of Request
        What was asked so far.
    """

    def __init__(self, port: int = 0) -> None:
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._http = HttpServer(port, self._answer)

    @abstractmethod
    def respond(self, request: Request) -> Response:
        """Return what a request gets; called in a thread for each connection."""

    def asked(self, path: str) -> list[Request]:
        """Return the requests whose path holds some text."""
        return [request for request in self.requests if path in request.path]

    @property
    def origin(self) -> str:
        """The address without any path."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._http.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.stop()

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(request)
        return self.respond(request)


class Strikes(Protocol):
    """Something that goes wrong with the next ``times`` requests of some kind."""

    times: float

    def strikes(self, request: Request) -> bool:
        """Return whether it goes wrong with this request."""
        ...


F = TypeVar("F", bound=Strikes)


def next_fault(faults: Sequence[F], request: Request) -> F | None:
    """Return the first fault that strikes a request, and count it as used once more."""
    fault = next((fault for fault in faults if fault.times > 0 and fault.strikes(request)), None)
    if fault is not None:
        fault.times -= 1
    return fault


class HttpServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 in a thread of its own, and answers in one for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Request], Response]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _handler(respond))
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and leave everybody who is still connected."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that left: those that wait for a hanging answer do."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(respond: Callable[[Request], Response]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            agent, password = (
                self.headers.get(name, "") for name in ("User-Agent", "Authorization")
            )
            query = dict(parse_qsl(url.query))
            response = respond(Request(url.path, query, agent, url.netloc, password))
            self.close_connection = self.close_connection or response.ending != "kept"
            if response.ending == "hang":
                _wait(self.connection, response.seconds)
                return
            if response.ending != "reset" or response.body:
                self.connection.sendall(_message(response, self.date_time_string()))
            if response.ending == "reset":
                _reset(self.connection)

        do_POST = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _message(response: Response, moment: str) -> bytes:
    body = response.body.encode() if isinstance(response.body, str) else response.body
    headers = {**response.headers, "Content-Length": str(len(body)), "Date": moment}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status_line = f"HTTP/1.1 {response.status} {responses.get(response.status, '')}\r\n"
    return (status_line + head + "\r\n").encode("latin-1") + body[: response.sent]


def _wait(connection: socket.socket, seconds: float) -> None:
    """Wait until the client leaves, or the server; neither says anything before."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([connection], [], [], min(left, 1.0))[0]:
            return


def _reset(connection: socket.socket) -> None:
    """Close a connection at once, without the handshake that ends it in order."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
