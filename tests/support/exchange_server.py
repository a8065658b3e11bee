"""A small server that speaks what ccxt asks of Binance's spot markets, over real HTTP.

Markets, the last day's tickers and daily candles, from a table of prices: numbers as text, candles
from ``startTime`` on, errors with a status of 4xx and a code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from tests.support.http_server import Request, Response, StandIn, next_fault

DAY_MS = 86_400_000

FaultKind = Literal["429", "500", "403", "html", "cut", "hang", "unknown_shape", "swapped"]
Cut = Literal["oldest", "newest"]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose path holds ``path``.

    ``swapped`` gives the candles of the market ``other`` in place of those of ``market``.
    """

    kind: FaultKind
    path: str = ""
    times: float = 1
    retry_after: str | None = None
    market: str | None = None
    other: str = ""

    def strikes(self, request: Request) -> bool:
        asked = request.query.get("symbol")
        mine = self.market is None or self.market.replace("/", "") == asked
        return self.path in request.path and mine


class ExchangeServer(StandIn):
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
        super().__init__()
        self.today = today or datetime.now(UTC).date()
        self.halted = halted or set()
        self.max_rows = max_rows
        self.keeps: Cut = keeps
        self.shift_ms = shift_hours * 3_600_000
        self.faults: list[Fault] = []
        self.spoilt: dict[tuple[str, date], list[Any]] = {}
        self.most_at_once = 0
        known = prices.assign(date=pd.to_datetime(prices["date"]).dt.date)
        self.markets = {
            str(market).replace("/", ""): (str(market), rows.sort_values("date"))
            for market, rows in known.groupby("market")
        }
        self._here = 0

    @property
    def base_url(self) -> str:
        return self.origin

    def respond(self, request: Request) -> Response:
        """Return the truth, or what a fault makes of it."""
        with self._lock:
            self._here += 1
            self.most_at_once = max(self.most_at_once, self._here)
            fault = next_fault(self.faults, request)
        try:
            if fault is not None and fault.kind == "swapped":
                swapped = {**request.query, "symbol": fault.other.replace("/", "")}
                request = replace(request, query=swapped)
            status, body = self._right_answer(request)
            return _spoil(status, json.dumps(body), fault)
        finally:
            with self._lock:
                self._here -= 1

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


def _spoil(status: int, text: str, fault: Fault | None) -> Response:
    match fault.kind if fault else None:
        case "429" | "500" | "403" as number:
            assert fault is not None
            headers = {"Content-Type": "application/json"}
            if fault.retry_after is not None:
                headers["Retry-After"] = fault.retry_after
            code = -1003 if number == "429" else -1000
            return Response(json.dumps({"code": code, "msg": "Not now."}), int(number), headers)
        case "html":
            return Response("<html>Just a moment...</html>", headers={"Content-Type": "text/html"})
        case "cut":
            return Response(text[: len(text) // 2], status)
        case "hang":
            return Response(ending="hang", seconds=10.0)
        case "unknown_shape":
            return Response('[{"candles": 1}, 7, null]')
    return Response(text, status)
