"""Reading a coin's history in CoinMarketCap's answers, candle by candle, with every check."""

import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import price_frame
from marketmap.sources.answers import Label, ParsedAnswer, Window
from marketmap.sources.candles import REPEATED, Candle, Flaw, Flawed
from marketmap.sources.checks import flaw_of, outliers
from marketmap.sources.parsing import UnreadableError, as_json, as_text, parse_number, parse_text

ONE_DAY = timedelta(days=1)
KEYS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "turnover": "volume",
    "market_cap": "marketCap",
}
FULL = 100
"""An answer with so many candles may lack earlier ones, which are then asked for again."""


def read_history(
    data: Mapping[str, Any], window: Window, asked: tuple[date, date], now: datetime
) -> ParsedAnswer:
    """Read an answer to a question about a coin.

    Parameters
    ----------
    data : mapping
        The answer's ``data``, with a list ``quotes``.
    window : Window
        Whose days are wanted; the others that were asked for are there to compare with.
    asked : tuple of date
        First and last day that the answer may hold.
    now : datetime
        Candles of a day that is not over by then are left out.

    Raises
    ------
    SourceError
        The answer is about another coin, or holds other days.
    """
    quotes = data["quotes"]
    _check_coin(data, window)
    candles, flawed = _candles(quotes, now)
    came = [candle.day for candle in candles]
    told = [*came, *(row.day for row in flawed if row.day)]
    strange = [day for day in told if not asked[0] <= day <= asked[1]]
    if strange:
        raise SourceError(f"the answer holds {strange[0]}, which was not asked for")
    candles = sorted(candles, key=lambda candle: candle.day)
    candles, repeated = _once_a_day(candles)
    flawed += repeated
    sound = []
    for candle in candles:
        flaw = flaw_of(candle)
        if flaw is None:
            sound.append(candle)
        else:
            flawed.append(candle.with_flaw(flaw))
    strays = outliers(sound)
    flawed += [sound[place].with_flaw(flaw) for place, flaw in strays.items()]
    sound = [candle for place, candle in enumerate(sound) if place not in strays]
    kept = [candle for candle in sound if window.holds(candle.day)]
    own = [row for row in flawed if row.day is None or window.holds(row.day)]
    days = sorted([candle.day for candle in kept] + [row.day for row in own if row.day])
    doubts = [
        *_order(came),
        *(f"{row.day}: {row.flaw.reason} {_checksum([as_json(row.raw)])}" for row in flawed),
        *_unknowns(sound),
        *_holes(days),
    ]
    prices = _frame(sound, window)
    is_own = prices["date"].between(pd.Timestamp(window.first), pd.Timestamp(window.last))
    return ParsedAnswer(
        window=_answered(window, days, len(quotes)),
        rows=prices[is_own].reset_index(drop=True),
        around=prices[~is_own],
        quarantined=tuple(row.quarantined(window.asset_id) for row in own),
        doubts=tuple(doubts),
        labels=_labels(data, window),
    )


def _check_coin(data: Mapping[str, Any], window: Window) -> None:
    answered = data.get("id")
    # A coin that is not traded any more comes without quotes, and maybe without an id.
    if as_text(answered) != window.asset_id and (data["quotes"] or answered is not None):
        raise SourceError(f"the answer is about coin {parse_text(answered)}")


def _candles(quotes: Iterable[Any], now: datetime) -> tuple[list[Candle], list[Flawed]]:
    """Return the candles of days that are over, and those that cannot be read."""
    candles: list[Candle] = []
    flawed: list[Flawed] = []
    for quote in quotes:
        day: date | None = None
        try:
            opened, closed = (_moment(quote, key) for key in ("timeOpen", "timeClose"))
            day = opened.date()
            if day != closed.date():
                raise SourceError(f"a candle from {day} to {closed.date()}, expected single days")
            if closed > now or day >= now.date():
                continue
            candles.append(Candle(day, _values(quote), quote))
        except UnreadableError as problem:
            flawed.append(Flawed(Flaw("unreadable", str(problem)), quote, day))
    return candles, flawed


def _moment(quote: Any, key: str) -> datetime:
    if not isinstance(quote, dict):
        raise UnreadableError(f"{type(quote).__name__} where a candle belongs")
    try:
        moment = datetime.fromisoformat(quote[key])
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except KeyError:
        raise UnreadableError(f"there is no {key}") from None
    except (TypeError, ValueError, OverflowError):
        raise UnreadableError(f"{key} is {as_json(quote[key])[:40]}") from None


def _values(quote: Mapping[str, Any]) -> dict[str, float]:
    told = quote.get("quote")
    if not isinstance(told, dict):
        raise UnreadableError("there is no quote")
    values = {}
    for name, key in KEYS.items():
        if key not in told:
            raise UnreadableError(f"there is no {key}")
        try:
            values[name] = parse_number(told[key])
        except UnreadableError as problem:
            raise UnreadableError(f"{key}: {problem}") from None
    close, turnover = values["close"], values["turnover"]
    values["volume"] = turnover / close if close > 0 else math.nan
    if math.isinf(values["volume"]):
        raise UnreadableError(f"volume: {turnover:g} is too much at a close of {close:g}")
    return values


def _once_a_day(candles: Sequence[Candle]) -> tuple[list[Candle], list[Flawed]]:
    """Drop exact repetitions; if two candles of one day differ, neither is trusted."""
    by_day: dict[date, list[Candle]] = {}
    for candle in candles:
        told = by_day.setdefault(candle.day, [])
        if all(as_json(candle.raw) != as_json(other.raw) for other in told):
            told.append(candle)
    single = [told[0] for told in by_day.values() if len(told) == 1]
    twice = [candle for told in by_day.values() if len(told) > 1 for candle in told]
    return single, [candle.with_flaw(REPEATED) for candle in twice]


def _order(days: Sequence[date]) -> Iterator[str]:
    steps = [later - earlier for earlier, later in pairwise(days)]
    if any(step < timedelta(0) for step in steps) and any(step > timedelta(0) for step in steps):
        yield f"the days are out of order {_checksum(map(str, days))}"


def _unknowns(candles: Sequence[Candle]) -> Iterator[str]:
    """Return doubts about values that are null, or zero between days on which they are not."""
    for at, candle in enumerate(candles):
        around = [candles[at - 1], candles[at + 1]] if 0 < at < len(candles) - 1 else []
        for name, key in KEYS.items():
            if math.isnan(candle.values[name]):
                yield f"{candle.day}: {key} is null"
            elif candle.values[name] == 0 and around and all(c.values[name] > 0 for c in around):
                yield f"{candle.day}: {key} is 0"


def _holes(days: Sequence[date]) -> Iterator[str]:
    for earlier, later in pairwise(days):
        if later - earlier > ONE_DAY:
            yield f"no days between {earlier} and {later}"


def _answered(window: Window, days: Sequence[date], n_quotes: int) -> Window:
    """Return which days the answer covers: a long one may have been cut at its beginning."""
    if n_quotes < FULL or not days:
        return window
    return Window(window.asset_id, days[0], window.last)


def _frame(candles: Iterable[Candle], window: Window) -> pd.DataFrame:
    rows = [{"date": c.day, "asset_id": window.asset_id, **c.values} for c in candles]
    return price_frame(pd.DataFrame(rows, columns=None if rows else ["date"]))


def _labels(data: Mapping[str, Any], window: Window) -> tuple[Label, ...]:
    told = (data.get("symbol"), data.get("name"))
    symbol, name = (parse_text(label) if isinstance(label, str) else "" for label in told)
    if not (symbol and name and window.asset_id):
        return ()
    return (Label(window.asset_id, symbol, name, "history"),)


def _checksum(words: Iterable[str]) -> str:
    return f"{zlib.crc32(' '.join(words).encode()):08x}"
