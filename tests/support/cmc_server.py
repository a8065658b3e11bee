"""A small server that speaks CoinMarketCap's listing and history, over real HTTP, from a table.

The shapes are those of recorded answers: numbers as text, zeros as ``0E-30``, a product without
rank in the first row, the quote in dollars after another, errors that come with HTTP 200. By hand:

    python -m tests.support.cmc_server --prices FILE --port 8765
    python -m tests.support.cmc_server --simulated 100 --storm 0.2 --seed 1

and ``base_url: http://127.0.0.1:8765/data-api/v3`` in config.yaml.
"""

import argparse
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from tests.support.cmc_answers import BUSY, Answer, compact
from tests.support.cmc_faults import Fault, Storm
from tests.support.cmc_market import Coin, coins_of, many_coins
from tests.support.http_server import Request, Response, StandIn, next_fault

__all__ = ["CmcServer", "Fault", "Storm"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
# What is tagged when the server is started by hand.
TAGS = {
    "USDT": ["stablecoin"],
    "USDC": ["stablecoin"],
    "WBTC": ["wrapped-tokens"],
}
USD = "2781"
# The row that is no coin: an index product, which has no rank.
PRODUCT = compact(
    {
        "id": 38442,
        "name": "CoinMarketCap 20 Index DTF",
        "symbol": "CMC20",
        "isActive": 1,
        "quotes": [{"name": "USD", "price": 173.17, "volume24h": 1.0, "marketCap": 6168711.3}],
    }
)


class CmcServer(StandIn):
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
    storm : Storm, optional
        Faults at random.

    Attributes
    ----------
    today : date
        May be set: a later one lets days pass.
    coins : dict of int to Coin
        By id.
    faults : list of Fault
        Add what shall go wrong; these go before the storm.
    storm : Storm or None
        May be set.
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
        storm: Storm | None = None,
    ) -> None:
        super().__init__(port)
        self.coins: dict[int, Coin] = {coin.id: coin for coin in coins_of(prices)}
        self.today = today or max((c.days[-1] for c in self.coins.values()), default=date.min)
        self.tags = dict(tags or {})
        self.start_inclusive = start_inclusive
        self.end_inclusive = end_inclusive
        self.max_rows = max_rows
        self.faults: list[Fault] = []
        self.storm = storm
        self._last_moment = 0

    @property
    def base_url(self) -> str:
        return f"{self.origin}/data-api/v3"

    def asset_id(self, symbol: str) -> str:
        """Return the id of the first coin with a symbol."""
        return next(str(coin.id) for coin in self.coins.values() if coin.symbol == symbol)

    # What happens to coins: later answers show it.

    def rename(self, asset_id: str, symbol: str, name: str) -> None:
        """Give a coin another symbol and name."""
        self._change(asset_id, lambda coin: replace(coin, symbol=symbol, name=name))

    def revise(self, asset_id: str, day: date, *, close: float) -> None:
        """Give a day another close; its bar is scaled with it."""
        self._change(asset_id, lambda coin: coin.revised(day, close))

    def end(self, asset_id: str, day: date) -> None:
        """Delist a coin: no candle after the day, and no row in the listing from now on."""
        self._change(asset_id, lambda coin: coin.ended(day))

    def remove(self, asset_id: str) -> None:
        """Forget a coin for good: it is not listed, and its history is an error."""
        del self.coins[int(asset_id)]

    def _change(self, asset_id: str, change: Callable[[Coin], Coin]) -> None:
        self.coins[int(asset_id)] = change(self.coins[int(asset_id)])

    def respond(self, request: Request) -> Response:
        """Return the truth, or what a fault or the storm makes of it."""
        with self._lock:
            fault = next_fault(self.faults, request)
        query, truth = request.query, self._truth(request.path, request.query)
        if fault is not None and fault.kind == "swapped":
            other = self._truth(request.path, {**query, "id": fault.other})
            truth = replace(truth, rows=other.rows)
        if fault is not None:
            return fault.response(truth)
        if self.storm is None:
            return Response(truth.text)
        return self.storm.response(request, truth, lambda draw: self._of_another(query, draw))

    def _truth(self, path: str, query: Mapping[str, str]) -> Answer:
        try:
            if path.endswith("/cryptocurrency/listing"):
                return self._listing(query)
            if path.endswith("/cryptocurrency/historical"):
                return self._history(query)
        except _BadQueryError as error:
            return self._error(400, str(error))
        return self._error(400, "no such endpoint")

    def _listing(self, query: Mapping[str, str]) -> Answer:
        start, limit = _number(query, "start"), _number(query, "limit")
        today, coins = self.today, list(self.coins.values())
        coins = [coin for coin in coins if coin.is_known(today) and not coin.is_delisted]
        coins.sort(key=lambda coin: coin.latest("market_cap", today), reverse=True)
        ranks = {coin.id: rank for rank, coin in enumerate(coins, 1)}
        if query.get("sortBy") == "volume_24h":
            coins.sort(key=lambda coin: coin.latest("volume", today), reverse=True)
        if start > len(coins):
            return self._error(500, BUSY)
        tags = self.tags if "tags" in query.get("aux", "") else {}
        rows = [
            coin.listed(today, ranks[coin.id], tags.get(coin.symbol))
            for coin in coins[start - 1 : start - 1 + limit]
        ]
        if start == 1:
            rows.insert(0, PRODUCT)
        data = {"totalCount": str(len(coins))}
        return Answer(self._status(), data, "cryptoCurrencyList", rows)

    def _history(self, query: Mapping[str, str]) -> Answer:
        coin = self.coins.get(_number(query, "id"))
        if coin is None or not coin.is_known(self.today) or query.get("convertId") != USD:
            raise _BadQueryError("id", query)
        start, end = _day(query, "timeStart"), _day(query, "timeEnd")
        first = start if self.start_inclusive else start + ONE_DAY
        last = min(end if self.end_inclusive else end - ONE_DAY, self.today)
        label = {"id": coin.id, "name": coin.name, "symbol": coin.symbol}
        rows = coin.between(first, last, self.max_rows)
        return Answer(self._status(), {**label, "timeEnd": query["timeEnd"]}, rows=rows)

    def _of_another(self, query: Mapping[str, str], draw: random.Random) -> Answer | None:
        """Return the same days of another coin, if it is a coin's days that are asked for."""
        coins = list(self.coins.values())
        others = [c.id for c in coins if str(c.id) != query.get("id") and c.is_known(self.today)]
        if "id" not in query or not others:
            return None
        answer = self._truth(
            "/cryptocurrency/historical", {**query, "id": str(draw.choice(others))}
        )
        return answer if answer.data is not None else None

    def _error(self, code: int, message: str) -> Answer:
        return Answer(self._status(code, message))

    def _status(self, code: int = 0, message: str = "SUCCESS") -> dict[str, str | int]:
        """Return an answer's status; no two are of the same moment."""
        with self._lock:
            now = time.time_ns() // 1_000_000
            self._last_moment = moment = max(now, self._last_moment + 1)
        written = (EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")
        return {
            "timestamp": written.replace("+00:00", "Z"),
            "error_code": str(code),
            "error_message": message,
            "elapsed": "4",
            "credit_count": 0,
        }


class _BadQueryError(Exception):
    def __init__(self, name: str, query: Mapping[str, str]) -> None:
        super().__init__(f'Invalid value for "{name}": "{query.get(name, "")}"')


def _number(query: Mapping[str, str], name: str) -> int:
    try:
        return int(query[name])
    except (KeyError, ValueError):
        raise _BadQueryError(name, query) from None


def _day(query: Mapping[str, str], name: str) -> date:
    try:
        return (EPOCH + timedelta(seconds=_number(query, name))).date()
    except OverflowError:
        raise _BadQueryError(name, query) from None


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve a table of prices as CoinMarketCap would.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--prices", type=Path, help="Parquet or CSV")
    what.add_argument("--simulated", type=int, metavar="N", help="so many coins, since 2013")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--today", type=date.fromisoformat, help="the last day known")
    parser.add_argument("--storm", type=float, metavar="RATE", help="part of answers to spoil")
    parser.add_argument("--seed", type=int, default=0, help="of the storm and of simulated coins")
    options = parser.parse_args()
    if options.prices is None:
        prices = many_coins(options.simulated, seed=options.seed)
    else:
        read = pd.read_csv if options.prices.suffix == ".csv" else pd.read_parquet
        prices = read(options.prices)
    storm = None if options.storm is None else Storm(options.storm, options.seed)
    with CmcServer(
        prices, today=options.today, tags=TAGS, port=options.port, storm=storm
    ) as server:
        where = f"base_url: {server.base_url}"
        try:
            print(f"{len(server.coins)} coins up to {server.today}, {where}", flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped", "" if storm is None else f"{storm.met} requests, {dict(storm.struck)}")


if __name__ == "__main__":
    main()
