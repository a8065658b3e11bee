"""The stand-in CoinMarketCap's wire: HTTP/1.1, connections that are kept, and all that breaks."""

import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.cmc_answers import Reply

Answering = Callable[[str, Mapping[str, str], str], Reply]
"""Gives the reply to a path, its query and a user agent."""


class HttpServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1 in a thread of its own, and answers in one for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answering: Answering) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _handler(answering))
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


def _handler(answering: Answering) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            agent = self.headers.get("User-Agent", "")
            reply = answering(url.path, dict(parse_qsl(url.query)), agent)
            self.close_connection = self.close_connection or reply.ending != "kept"
            if reply.ending == "hang":
                _wait(self.connection, reply.seconds)
                return
            if reply.ending != "reset" or reply.body:
                self.connection.sendall(_message(reply, self.date_time_string()))
            if reply.ending == "reset":
                _reset(self.connection)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _message(reply: Reply, moment: str) -> bytes:
    body = reply.body.encode()
    headers = {**reply.headers, "Content-Length": str(len(body)), "Date": moment}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status_line = f"HTTP/1.1 {reply.status} {responses.get(reply.status, '')}\r\n"
    return (status_line + head + "\r\n").encode("latin-1") + body[: reply.sent]


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
