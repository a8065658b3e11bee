"""A proxy as companies have it, and the variables that send everything through it."""

from tests.support.http_server import Request, Response, StandIn


class Proxy(StandIn):
    """Answers what it is asked for elsewhere with some JSON, or forbids the way there."""

    def __init__(self, body: str | None = None) -> None:
        super().__init__()
        self._body = body

    def respond(self, request: Request) -> Response:
        if self._body is None:
            return Response("forbidden", 403)
        return Response(self._body)

    def variables(self) -> dict[str, str]:
        """Return an environment with all proxies that people set; none has an exception."""
        http = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"), self.origin)
        return {**http, "ALL_PROXY": self.origin.replace("http://", "socks://")}
