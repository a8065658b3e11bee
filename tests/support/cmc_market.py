"""The market behind the stand-in CoinMarketCap: coins, how their rows read, simulated coins."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from tests.support.cmc_answers import PRICES, ZERO, compact

ALIVE = timedelta(days=7)  # a coin whose last price is older is not active any more


def amount(value: float) -> str:
    """Write a volume or market cap; one that is unknown or zero as the service does."""
    return ZERO if value == 0 or math.isnan(value) else repr(value)


def _price(value: float) -> str:
    return "NaN" if math.isnan(value) else repr(value)


def _candle(day: date, bar: Sequence[float], volume: float, market_cap: float) -> str:
    opened, high, low, close = map(_price, bar)
    return (
        f'{{"timeOpen":"{day}T00:00:00.000Z","timeClose":"{day}T23:59:59.999Z",'
        f'"timeHigh":"{day}T09:07:00.000Z","timeLow":"{day}T17:25:00.000Z",'
        f'"quote":{{"open":{opened},"high":{high},"low":{low},"close":{close},'
        f'"volume":{amount(volume)},"marketCap":{amount(market_cap)},'
        f'"timestamp":"{day}T23:59:59.999Z"}}}}'
    )


# --- coins


@dataclass(frozen=True)
class Coin:
    """A coin, whose rows are written once; to change it, make another of it by ``replace``.

    ``prices`` is indexed by date, in order. A delisted coin keeps its history.
    """

    id: int
    symbol: str
    name: str
    prices: pd.DataFrame
    is_delisted: bool = False

    @cached_property
    def days(self) -> list[date]:
        return list(self.prices.index)

    @cached_property
    def candles(self) -> list[str]:
        """All of its days, as a history has them."""
        bars = zip(*(self._column(name) for name in PRICES), strict=True)
        amounts = self._column("volume"), self._column("market_cap")
        return [_candle(*parts) for parts in zip(self.days, bars, *amounts, strict=True)]

    def between(self, first: date, last: date, most: int) -> list[str]:
        """Return the candles of some days; the newest where there are more than ``most``."""
        end = bisect_right(self.days, last)
        return self.candles[max(bisect_left(self.days, first), end - most) : end]

    def is_known(self, today: date) -> bool:
        return self.is_delisted or (bool(self.days) and self.days[0] <= today)

    def latest(self, name: str, today: date) -> float:
        """Return its newest value; 0 where it is unknown."""
        value = self._column(name)[self._place(today)]
        return 0.0 if math.isnan(value) else value

    def listed(self, today: date, rank: int, tags: Sequence[str] | None) -> str:
        """Write its row of the listing: the quote in dollars after another."""
        last_day = self.days[self._place(today)]
        moment = f"{last_day}T23:59:59.999Z"
        row = {
            "id": self.id,
            "name": self.name,
            "symbol": self.symbol,
            "slug": self.name.lower().replace(" ", "-"),
            **({} if tags is None else {"tags": list(tags)}),
            "cmcRank": rank,
            "isActive": int(today - last_day <= ALIVE),
            "lastUpdated": moment,
            "dateAdded": f"{self.days[0]}T00:00:00.000Z",
        }
        price, volume, cap = (
            amount(self.latest(name, today)) for name in ("close", "volume", "market_cap")
        )
        return (
            f'{compact(row)[:-1]},"quotes":[{{"name":"BTC","price":1,"volume24h":2,"marketCap":3}},'
            f'{{"name":"USD","price":{price},"volume24h":{volume},"marketCap":{cap},'
            f'"lastUpdated":"{moment}"}}],"isAudited":false}}'
        )

    def ended(self, day: date) -> "Coin":
        """Return the coin as it is once it is not traded any more: nothing after a day."""
        prices = self.prices.iloc[: bisect_right(self.days, day)]
        return replace(self, prices=prices, is_delisted=True)

    def revised(self, day: date, close: float) -> "Coin":
        """Return the coin with another close on a day, and its bar scaled with it."""
        if day not in self.days:
            raise ValueError(f"{self.name} has no candle of {day} that could be revised")
        place = self.days.index(day)
        bar = {name: self._columns[name][place] for name in PRICES}
        bar = {name: value * (close / bar["close"]) for name, value in bar.items()}
        bar["close"] = close
        bar["high"], bar["low"] = max(bar.values()), min(bar.values())  # against rounding
        prices = self.prices.astype(dict.fromkeys(PRICES, float))
        prices.loc[[day], list(bar)] = list(bar.values())
        return replace(self, prices=prices)

    def _place(self, today: date) -> int:
        return bisect_right(self.days, today) - 1

    def _column(self, name: str) -> list[float]:
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, list[float]]:
        names = (*PRICES, "volume", "market_cap")
        return {name: self.prices[name].astype(float).tolist() for name in names}


def coins_of(prices: pd.DataFrame) -> Iterator[Coin]:
    """Give a table's coins, which are known by symbol and name, the ids 1 to n in that order."""
    days = pd.to_datetime(prices["date"]).dt.date
    known = prices.assign(date=days, name=prices["name"].fillna(prices["symbol"]))
    for number, ((symbol, name), rows) in enumerate(known.groupby(["symbol", "name"]), 1):
        yield Coin(number, str(symbol), str(name), rows.set_index("date").sort_index())


# --- simulated coins

# Who plays what, by number; the first twenty coins are there from the first day.
N_OLD = 20
DEAD = {3: 0.8, 11: 0.55, 17: 0.3}  # the part of all days that it lives to see
GAPS = {5: 400, 6: 1, 8: 3, 9: 30, 12: 100}  # days that are missing in the middle
CAP_UNKNOWN = (7, 100)  # the coin, and its first days without a market cap
VOLUME_UNKNOWN = (10, 30)
NAMESAKE = {14: 1}  # whose symbol it bears, too
BIGGEST_MOVE = 1.0  # log return of a day; a factor of 2.7


def many_coins(
    n_coins: int = 100,
    first: date = date(2013, 11, 25),
    last: date | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate a market's years as a table of prices for ``CmcServer``.

    Most coins are younger than the market, some die, some have gaps; two share a symbol. In the
    end, the market caps are far enough from each other that every rank is clear.

    Parameters
    ----------
    last : date, optional
        By default yesterday (UTC).
    """
    days = pd.date_range(first, last or datetime.now(UTC).date() - timedelta(days=1))
    draw = np.random.default_rng(seed)
    is_there = _lives(len(days), n_coins, draw)
    bars = _bars(len(days), n_coins, draw)
    final = len(days) - 1 - is_there[::-1].argmax(axis=0)
    caps = draw.permutation(np.geomspace(1e12, 1e7, n_coins))
    supply = caps / bars["close"][final, np.arange(n_coins)]
    market_cap = bars["close"] * supply
    volume = 0.05 * market_cap * draw.lognormal(0.0, 0.5, market_cap.shape)
    for values, (number, n_days) in ((market_cap, CAP_UNKNOWN), (volume, VOLUME_UNKNOWN)):
        values[: min(n_days, len(days) // 2), number : number + 1] = 0.0
    place, at = np.nonzero(is_there.T)
    fields = {**bars, "volume": volume, "market_cap": market_cap}
    symbols = np.array([f"C{NAMESAKE.get(i, i):03d}" for i in range(n_coins)])
    names = np.array([f"Coin {i:03d}" for i in range(n_coins)])
    return pd.DataFrame(
        {
            "date": days[at],
            "symbol": symbols[place],
            "name": names[place],
            **{name: values[at, place] for name, values in fields.items()},
        }
    )


def _lives(n_days: int, n_coins: int, draw: np.random.Generator) -> np.ndarray:
    """Return on which days (rows) which coins (columns) have a candle."""
    numbers = np.arange(n_coins)
    births = draw.integers(0, max(1, int(0.9 * n_days)), n_coins)
    births[(numbers < N_OLD) | (numbers % 4 == 0)] = 0
    day = np.arange(n_days)[:, None]
    is_there = day >= births
    for number, part in DEAD.items():
        is_there[int(part * n_days) :, number : number + 1] = False
    for number, length in GAPS.items():
        if 3 * length <= n_days:
            begin = (n_days - length) // 2
            is_there[begin : begin + length, number : number + 1] = False
    return np.asarray(is_there)


def _bars(n_days: int, n_coins: int, draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw open, high, low and close: heavy tails, one market, opens near the close before."""
    shape = (n_days, n_coins)
    shocks = 0.6 * draw.standard_t(4, (n_days, 1)) + 0.8 * draw.standard_t(4, shape)
    moves = np.clip(0.025 * shocks, -BIGGEST_MOVE, BIGGEST_MOVE)
    log_close = draw.normal(0.0, 2.0, n_coins) + moves.cumsum(axis=0)
    log_open = log_close - moves + draw.normal(0.0, 0.002, shape)
    wicks = np.abs(draw.normal(0.0, 0.01, (2, *shape)))
    return {
        "open": np.exp(log_open),
        "high": np.exp(np.maximum(log_open, log_close) + wicks[0]),
        "low": np.exp(np.minimum(log_open, log_close) - wicks[1]),
        "close": np.exp(log_close),
    }
