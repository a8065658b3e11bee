"""A small server that speaks what ccxt asks of Binance's spot markets, over real HTTP.

Markets, the last day's tickers and daily candles, from a table of prices: numbers as text, candles
from ``startTime`` on, errors with a status of 4xx and a code.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

DAY_MS = 86_400_000

FaultKind = Literal["429", "500", "403", "html", "cut", "hang", "unknown_shape"]
Cut = Literal["oldest", "newest"]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose path holds ``path``."""

    kind: FaultKind
    path: str = ""
    times: int = 1
    retry_after: str | None = None


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, str]
    user_agent: str
    at: float = field(default_factory=time.monotonic)


class ExchangeServer:
    """Binance's spot markets on 127.0.0.1; a context manager.

    Parameters
    ----------
    prices : DataFrame
        ``date, market, open, high, low, close, volume``; a market such as ``BTC/USDT``.
    today : date
        The running day; a candle of it is given as of every other day.
    halted : set of str
        Markets that are not traded any more.
    max_rows : int
        Candles in one answer.
    keeps : {"oldest", "newest"}
        Which candles of those asked for stay where there are too many.
    shift_hours : int
        How much later than midnight UTC its days begin.

    Attributes
    ----------
    faults : list of Fault
        Add what shall go wrong.
    spoilt : dict
        By market and day: what to give instead of a candle's open, high, low, close and volume.
    requests : list of Request
        What was asked so far.
    most_at_once : int
        How many requests were here at the same time at the most.
    """

    def __init__(
        self,
        prices: pd.DataFrame,
        *,
        today: date | None = None,
        halted: set[str] | None = None,
        max_rows: int = 1000,
        keeps: Cut = "oldest",
        shift_hours: int = 0,
    ) -> None:
        self.today = today or datetime.now(UTC).date()
        self.halted = halted or set()
        self.max_rows = max_rows
        self.keeps: Cut = keeps
        self.shift_ms = shift_hours * 3_600_000
        self.faults: list[Fault] = []
        self.spoilt: dict[tuple[str, date], list[Any]] = {}
        self.requests: list[Request] = []
        self.most_at_once = 0
        known = prices.assign(date=pd.to_datetime(prices["date"]).dt.date)
        self.markets = {
            str(market).replace("/", ""): (str(market), rows.sort_values("date"))
            for market, rows in known.groupby("market")
        }
        self._here = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, path: str) -> int:
        """Return how many requests there were whose path holds a text."""
        return sum(path in request.path for request in self.requests)

    def answer(self, request: Request) -> tuple[int, dict[str, str], str]:
        with self._lock:
            self.requests.append(request)
            self._here += 1
            self.most_at_once = max(self.most_at_once, self._here)
            fault = self._strike(request.path)
        try:
            status, body = self._right_answer(request)
            return _spoil(status, json.dumps(body), fault, self._stopped)
        finally:
            with self._lock:
                self._here -= 1

    def _strike(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path in path:
                fault.times -= 1
                return fault
        return None

    def _right_answer(self, request: Request) -> tuple[int, Any]:
        match request.path:
            case "/api/v3/exchangeInfo":
                return 200, {"symbols": [self._market(key) for key in self.markets]}
            case "/api/v3/ticker/24hr":
                return 200, [self._ticker(key) for key in self.markets]
            case "/api/v3/klines":
                return self._candles(request.query)
        return 404, {"code": -1, "msg": f"no such path: {request.path}"}

    def _market(self, key: str) -> dict[str, Any]:
        base, quote = self.markets[key][0].split("/")
        status = "BREAK" if self.markets[key][0] in self.halted else "TRADING"
        return {"symbol": key, "status": status, "baseAsset": base, "quoteAsset": quote}

    def _ticker(self, key: str) -> dict[str, Any]:
        last = self.markets[key][1].iloc[-1]
        traded = str(last["close"] * last["volume"])
        return {"symbol": key, "lastPrice": str(last["close"]), "quoteVolume": traded}

    def _candles(self, query: Mapping[str, str]) -> tuple[int, Any]:
        if query["symbol"] not in self.markets or query["interval"] != "1d":
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        market, rows = self.markets[query["symbol"]]
        start, asked = int(query.get("startTime", 0)), int(query.get("limit", 500))
        candles = [self._candle(market, row) for row in rows.to_dict("records")]
        came = [candle for candle in candles if candle[0] >= start][:asked]
        if len(came) > self.max_rows:
            came = came[: self.max_rows] if self.keeps == "oldest" else came[-self.max_rows :]
        return 200, came

    def _candle(self, market: str, row: Mapping[Any, Any]) -> list[Any]:
        day: date = row["date"]
        opened = (day - date(1970, 1, 1)) // timedelta(days=1) * DAY_MS + self.shift_ms
        values = [str(row[name]) for name in ("open", "high", "low", "close", "volume")]
        return [opened, *self.spoilt.get((market, day), values), opened + DAY_MS - 1]


def _spoil(
    status: int, text: str, fault: Fault | None, stopped: threading.Event
) -> tuple[int, dict[str, str], str]:
    headers = {"Content-Type": "application/json"}
    match fault.kind if fault else None:
        case "429" | "500" | "403" as number:
            assert fault is not None
            if fault.retry_after is not None:
                headers["Retry-After"] = fault.retry_after
            code = -1003 if number == "429" else -1000
            return int(number), headers, json.dumps({"code": code, "msg": "Not now."})
        case "html":
            return 200, {"Content-Type": "text/html"}, "<html>Just a moment...</html>"
        case "cut":
            return status, headers, text[: len(text) // 2]
        case "hang":
            stopped.wait(10)
        case "unknown_shape":
            return 200, headers, '[{"candles": 1}, 7, null]'
    return status, headers, text


def _handler(server: ExchangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            agent = self.headers.get("User-Agent", "")
            request = Request(url.path, dict(parse_qsl(url.query)), agent)
            status, headers, text = server.answer(request)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())
            except OSError:  # those that wait for a hanging answer leave
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
