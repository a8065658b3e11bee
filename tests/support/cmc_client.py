"""A client of the stand-in CoinMarketCap that takes everything as it comes."""

import http.client
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from tests.support.cmc_market import many_coins
from tests.support.cmc_server import CmcServer

MARKET = many_coins(12, date(2026, 1, 1), date(2026, 6, 30))
HISTORY = "historical?convertId=2781&id={}&timeStart=1767139200&timeEnd={}"
LISTING = "listing?start={}&limit=8"
MONTH = HISTORY.format(1, 1769904000)


@dataclass(frozen=True)
class Got:
    """What a client got: a status and a body, or how the connection ended."""

    status: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    broke: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, Any]]:
        data = self.json["data"]
        rows: list[dict[str, Any]] = data["quotes" if "quotes" in data else "cryptoCurrencyList"]
        return rows

    @property
    def timeless(self) -> tuple[int, str, str]:
        """What it is but for its moment; how much of a broken body came is up to TCP."""
        if self.broke:
            return 0, "", self.broke
        text = re.sub(r'"timestamp":"[^"]*"(?=,"error_code")', "", self.body.decode())
        return self.status, text, ""


def ask(server: CmcServer, target: str, timeout: float = 5.0) -> Got:
    connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=timeout)
    try:
        connection.request("GET", f"/data-api/v3/cryptocurrency/{target}")
        response = connection.getresponse()
        return Got(response.status, response.read(), tuple(response.getheaders()))
    except http.client.IncompleteRead as error:
        return Got(body=error.partial, broke="IncompleteRead")
    except OSError as error:  # a reset, a timeout, and an end without an answer
        return Got(broke=type(error).__name__)
    finally:
        connection.close()
