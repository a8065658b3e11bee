"""A small server that speaks CoinMarketCap's listing and history, over real HTTP, from a table.

The shapes are those of recorded answers: numbers as text, zeros as ``0E-30``, a product without
rank in the first row, the quote in dollars after another, errors that come with HTTP 200. By hand:

    python -m tests.support.cmc_server --prices FILE --port 8765

and ``base_url: http://127.0.0.1:8765/data-api/v3`` in config.yaml.
"""

import argparse
import json
import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

ONE_DAY = timedelta(days=1)
# What is tagged when the server is started by hand.
TAGS = {
    "USDT": ["stablecoin"],
    "USDC": ["stablecoin"],
    "WBTC": ["wrapped-tokens"],
}
USD = "2781"
PRODUCT_ID = 38442
ALIVE = timedelta(days=7)  # a coin whose last price is older is not active any more

FaultKind = Literal[
    "429",
    "500",
    "403",
    "html",
    "busy",
    "refused",
    "empty",
    "wrong_id",
    "hang",
    "no_status",
    "no_quotes",
]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose path holds ``path``.

    ``busy`` and ``refused`` are errors 500 and 400 in an answer with HTTP 200, the first with data
    beside it; ``no_status`` says null there; ``no_quotes`` lists coins without any. ``asset_id``
    confines the fault to the history of one coin.
    """

    kind: FaultKind
    path: str = ""
    times: float = 1
    retry_after: str | None = None
    asset_id: str | None = None

    def strikes(self, path: str, query: Mapping[str, str]) -> bool:
        mine = self.asset_id is None or query.get("id") == self.asset_id
        return self.times > 0 and self.path in path and mine


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, str]
    user_agent: str
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Coin:
    id: int
    symbol: str
    name: str
    prices: pd.DataFrame  # indexed by date


class CmcServer:
    """CoinMarketCap on 127.0.0.1, from a table of prices; a context manager.

    Parameters
    ----------
    prices : DataFrame
        ``date, symbol, name, open, high, low, close, volume, market_cap``. Coins are known by
        symbol and name together, and get the ids 1 to n in that order.
    today : date, optional
        The last day that it knows; by default the table's last.
    tags : mapping of str to sequence of str
        By symbol; a coin without has no key ``tags``.
    start_inclusive, end_inclusive : bool
        Whether a history's ``timeStart`` and ``timeEnd`` belong to it.
    max_rows : int
        Candles in one answer; the newest are kept.
    port : int
        0 for any free one.

    Attributes
    ----------
    faults : list of Fault
        Add what shall go wrong.
    requests : list of Request
        What was asked so far.
    """

    def __init__(
        self,
        prices: pd.DataFrame,
        *,
        today: date | None = None,
        tags: Mapping[str, Sequence[str]] | None = None,
        start_inclusive: bool = False,
        end_inclusive: bool = True,
        max_rows: int = 365,
        port: int = 0,
    ) -> None:
        days = pd.to_datetime(prices["date"]).dt.date
        self.today = today or days.max()
        self.tags = dict(tags or {})
        self.start_inclusive = start_inclusive
        self.end_inclusive = end_inclusive
        self.max_rows = max_rows
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        names = prices["name"].fillna(prices["symbol"])
        known = prices.assign(date=days, name=names)[days <= self.today]
        self.coins = {
            number: Coin(number, str(symbol), str(name), rows.set_index("date").sort_index())
            for number, ((symbol, name), rows) in enumerate(known.groupby(["symbol", "name"]), 1)
        }
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/data-api/v3"

    def asset_id(self, symbol: str) -> str:
        """Tell the id of the first coin with a symbol."""
        return next(str(coin.id) for coin in self.coins.values() if coin.symbol == symbol)

    def asked(self, path: str) -> list[Request]:
        """Tell the requests whose path holds some text."""
        return [request for request in self.requests if path in request.path]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: Request) -> tuple[int, dict[str, str], str]:
        """Tell the status, headers and body that a request gets."""
        with self._lock:
            self.requests.append(request)
            strikes = (f for f in self.faults if f.strikes(request.path, request.query))
            fault = next(strikes, None)
            if fault is not None:
                fault.times -= 1
        if fault is not None and fault.kind in {"429", "500", "403", "html", "hang"}:
            return self._broken(fault)
        body = self._body(request, fault.kind if fault is not None else None)
        text = json.dumps(body).replace('"0E-30"', "0E-30")
        return 200, {"Content-Type": "application/json"}, text

    def _broken(self, fault: Fault) -> tuple[int, dict[str, str], str]:
        if fault.kind == "hang":
            self._stopped.wait(30)
        status = int(fault.kind) if fault.kind.isdecimal() else 200
        headers = {"Content-Type": "text/html"}
        if fault.retry_after is not None:
            headers["Retry-After"] = fault.retry_after
        return status, headers, "<html><title>Just a moment...</title></html>"

    def _body(self, request: Request, fault: str | None) -> dict[str, Any]:
        if fault == "refused":
            return _envelope(None, 400, "Invalid value")
        if request.path.endswith("/cryptocurrency/listing"):
            body = self._listing(request.query)
        elif request.path.endswith("/cryptocurrency/historical"):
            body = self._history(request.query)
        else:
            body = _envelope(None, 400, "no such endpoint")
        if fault is not None:
            _spoil(body, fault)
        return body

    def _listing(self, query: Mapping[str, str]) -> dict[str, Any]:
        start, limit = int(query["start"]), int(query["limit"])
        rows = [self._listing_row(coin) for coin in self.coins.values()]
        key = "volume24h" if query["sortBy"] == "volume_24h" else "marketCap"
        rows.sort(key=lambda row: float(row["quotes"][1]["marketCap"]), reverse=True)
        for rank, row in enumerate(rows, 1):
            row["cmcRank"] = rank
        rows.sort(key=lambda row: float(row["quotes"][1][key]), reverse=True)
        if start > len(rows):
            return _envelope(None, 500, BUSY)
        page = rows[start - 1 : start - 1 + limit]
        if "tags" not in query.get("aux", ""):
            page = [{key: row[key] for key in row if key != "tags"} for row in page]
        if start == 1:
            page = [_product(), *page]
        return _envelope({"cryptoCurrencyList": page, "totalCount": str(len(rows))})

    def _listing_row(self, coin: Coin) -> dict[str, Any]:
        last = coin.prices.iloc[-1]
        last_day = coin.prices.index[-1]
        row = {
            "id": coin.id,
            "name": coin.name,
            "symbol": coin.symbol,
            "slug": coin.name.lower().replace(" ", "-"),
            "isActive": int(self.today - last_day <= ALIVE),
            "lastUpdated": f"{last_day}T23:59:59.999Z",
            "dateAdded": f"{coin.prices.index[0]}T00:00:00.000Z",
            "quotes": [
                {"name": "BTC", "price": 1, "volume24h": 2, "marketCap": 3},
                {
                    "name": "USD",
                    "price": _number(last["close"]),
                    "volume24h": _number(last["volume"]),
                    "marketCap": _number(last["market_cap"]),
                },
            ],
        }
        if coin.symbol in self.tags:
            row["tags"] = list(self.tags[coin.symbol])
        return row

    def _history(self, query: Mapping[str, str]) -> dict[str, Any]:
        coin = self.coins.get(int(query["id"]))
        if coin is None or query["convertId"] != USD:
            return _envelope(None, 400, f'Invalid value for "id": "{query["id"]}"')
        start, end = (
            datetime.fromtimestamp(int(query[key]), UTC).date() for key in ("timeStart", "timeEnd")
        )
        first = start if self.start_inclusive else start + ONE_DAY
        last = end if self.end_inclusive else end - ONE_DAY
        rows = coin.prices.loc[first:last].tail(self.max_rows)
        candles = [_candle(day, row) for day, row in rows.to_dict("index").items()]
        return _envelope(
            {
                "id": coin.id,
                "name": coin.name,
                "symbol": coin.symbol,
                "timeEnd": query["timeEnd"],
                "quotes": candles,
            }
        )


BUSY = "The system is busy, please try again later!"


def _envelope(
    data: dict[str, Any] | None, code: int = 0, message: str = "SUCCESS"
) -> dict[str, Any]:
    status = {
        "timestamp": "2026-01-01T00:00:00.000Z",
        "error_code": str(code),
        "error_message": message,
        "elapsed": "4",
        "credit_count": 0,
    }
    return {"status": status} if data is None else {"data": data, "status": status}


def _spoil(body: dict[str, Any], fault: str) -> None:
    if fault == "busy":
        body["status"] = _envelope(None, 500, BUSY)["status"]
    if fault == "empty":
        body["data"].update({key: [] for key in ("cryptoCurrencyList", "quotes")})
    if fault == "no_status":
        body["status"] = None
    if fault == "no_quotes":
        for row in body["data"]["cryptoCurrencyList"]:
            row["quotes"] = []
    if fault == "wrong_id":
        body["data"]["id"] += 1


def _product() -> dict[str, Any]:
    """Give the row that is no coin: an index product, which has no rank."""
    quotes = [{"name": "USD", "price": 173.17, "volume24h": 1.0, "marketCap": 6168711.3}]
    name = "CoinMarketCap 20 Index DTF"
    return {"id": PRODUCT_ID, "name": name, "symbol": "CMC20", "isActive": 1, "quotes": quotes}


def _number(value: float) -> float | str:
    """Write an unknown number or a zero as the service does."""
    return "0E-30" if value == 0 or math.isnan(value) else float(value)


def _candle(day: object, row: Mapping[Any, float]) -> dict[str, Any]:
    quote: dict[str, Any] = {key: float(row[key]) for key in ("open", "high", "low", "close")}
    quote["volume"] = _number(row["volume"])
    quote["marketCap"] = _number(row["market_cap"])
    quote["timestamp"] = f"{day}T23:59:59.999Z"
    return {
        "timeOpen": f"{day}T00:00:00.000Z",
        "timeClose": f"{day}T23:59:59.999Z",
        "timeHigh": f"{day}T09:07:00.000Z",
        "timeLow": f"{day}T17:25:00.000Z",
        "quote": quote,
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that left: those that wait for a hanging answer do."""


def _handler(server: CmcServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            agent = self.headers.get("User-Agent", "")
            request = Request(url.path, dict(parse_qsl(url.query)), agent)
            status, headers, text = server.answer(request)
            body = text.encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a table of prices as CoinMarketCap would.")
    parser.add_argument("--prices", type=Path, required=True, help="Parquet or CSV")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--today", type=date.fromisoformat, help="the last day known")
    options = parser.parse_args()
    read = pd.read_csv if options.prices.suffix == ".csv" else pd.read_parquet
    prices = read(options.prices)
    with CmcServer(prices, today=options.today, tags=TAGS, port=options.port) as server:
        print(f"{len(server.coins)} coins up to {server.today}, base_url: {server.base_url}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
