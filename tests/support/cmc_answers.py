"""What the stand-in CoinMarketCap answers: bodies in their parts."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.http_server import Response

PRICES = ("open", "high", "low", "close")
ZERO = "0E-30"
BUSY = "The system is busy, please try again later!"
PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    '<p>Checking your browser. <a href="https://www.cloudflare.com/">Cloudflare</a></p>'
    "</body></html>"
)


@dataclass(frozen=True)
class Answer:
    """A body in its parts; ``rows`` are JSON texts, and None where their key is missing."""

    status: Mapping[str, Any] | None
    data: Mapping[str, Any] | None = None
    key: str = "quotes"
    rows: Sequence[str] | None = None

    @property
    def text(self) -> str:
        status = f'"status":{compact(self.status)}}}'
        if self.data is None:
            return "{" + status
        rows = "" if self.rows is None else f',"{self.key}":[{",".join(self.rows)}]'
        return f'{{"data":{compact(self.data)[:-1]}{rows}}},{status}'

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What tells it from another answer, whenever that was made."""
        data = {k: v for k, v in (self.data or {}).items() if k != "timeEnd"}
        code = None if self.status is None else self.status["error_code"]
        return code, data, None if self.rows is None else list(self.rows)


def compact(value: Any) -> str:
    """Write JSON without spaces, as the service does."""
    return json.dumps(value, separators=(",", ":"))


def page(status: int = 200, retry_after: str | None = None) -> Response:
    """Return a proxy's page in place of an answer."""
    headers = {"Content-Type": "text/html"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return Response(PAGE, status, headers)


def failed(truth: Answer, code: str, message: str) -> dict[str, Any]:
    return {**(truth.status or {}), "error_code": code, "error_message": message}


def written(row: str, name: str, value: str | None) -> str:
    """Write another value into a row, or leave it out with its key; the last one of that name.

    Everything else stays as it was, to the letter.
    """
    pattern = rf'"{name}":(?:\[.*\]|"(?:[^"\\]|\\.)*"|[^,}}\]]+)(,?)'
    found = list(re.finditer(pattern, row))
    if not found:
        return row
    new = "" if value is None else f'"{name}":{value}{found[-1][1]}'
    return row[: found[-1].start()] + new + row[found[-1].end() :]
