"""Reading what an exchange answers through ccxt, candle by candle, with every check."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import listing_frame, price_frame
from marketmap.sources.answers import Label, Window
from marketmap.sources.candles import PRICES, REPEATED, Candle, Flaw, Flawed
from marketmap.sources.checks import flaw_of, outliers
from marketmap.sources.parsing import UnreadableError, as_json, parse_number

ONE_DAY = timedelta(days=1)
DAY_MS = 86_400_000
COLUMNS = (*PRICES, "volume")


def milliseconds(day: date) -> int:
    """Return when a day begins, as ccxt counts time: in milliseconds since 1970, UTC."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def open_ends(raws: Iterable[Any], first: date, last: date) -> list[tuple[date, date]]:
    """Return the days that an answer lacks at its two ends, as ranges; none if it has no day."""
    came = [day for day in map(_day_or_none, raws) if day is not None and first <= day <= last]
    if not came:
        return []
    ends = [(first, min(came) - ONE_DAY), (max(came) + ONE_DAY, last)]
    return [(start, end) for start, end in ends if start <= end]


def read_candles(
    raws: Iterable[Any], window: Window, last_day: date
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """Read the candles of a window, and those of days around it to compare with.

    Parameters
    ----------
    raws : iterable of list
        As ccxt gives them: milliseconds, open, high, low, close, and volume in units of the asset.
    window : Window
        Rows of other days are there to compare with.
    last_day : date
        The last day that is over.

    Returns
    -------
    prices, around : DataFrame
        Those of the window and those of other days, as :mod:`marketmap.frames` says.
    quarantined : list of dict
        Rows of :func:`marketmap.sources.answers.quarantine_frame`.

    Raises
    ------
    SourceError
        No candle has a readable time, or all begin at another hour than midnight UTC: the
        exchange's days are other days.
    """
    by_day, flawed = _by_day(raws)
    if flawed and not by_day:
        raise SourceError(f"no candle is of a day of ours; one: {flawed[0].flaw.detail}")
    sound: list[Candle] = []
    for day in sorted(by_day):
        told = by_day[day]
        if day > last_day:
            continue
        if len(told) > 1:
            flawed += [Flawed(REPEATED, raw, day) for raw in told]
            continue
        flaw, candle = _read(day, told[0])
        if candle is not None and flaw is None:
            sound.append(candle)
        elif flaw is not None:
            flawed.append(candle.with_flaw(flaw) if candle else Flawed(flaw, told[0], day))
    strays = outliers(sound)
    flawed += [sound[at].with_flaw(flaw) for at, flaw in strays.items()]
    kept = [candle for at, candle in enumerate(sound) if at not in strays]
    own = [candle for candle in kept if window.holds(candle.day)]
    others = [candle for candle in kept if not window.holds(candle.day)]
    return (
        _frame(own, window),
        _frame(others, window),
        [
            row.quarantined(window.asset_id)
            for row in flawed
            if row.day is None or window.holds(row.day)
        ],
    )


def _frame(candles: Iterable[Candle], window: Window) -> pd.DataFrame:
    rows = [{"date": c.day, "asset_id": window.asset_id, **c.values} for c in candles]
    return price_frame(pd.DataFrame(rows, columns=["date", "asset_id", *COLUMNS]))


def read_tickers(tickers: Sequence[Any], size: int) -> pd.DataFrame:
    """Read a listing from ``[market, base, turnover]`` each: the ``size`` largest by turnover.

    Raises
    ------
    SourceError
        There is none.
    """
    if not tickers:
        raise SourceError("the exchange lists no market that is traded")
    rows = pd.DataFrame(list(tickers), columns=["asset_id", "symbol", "turnover"])
    rows["turnover"] = rows["turnover"].astype("float64")
    rows = rows.sort_values(["turnover", "asset_id"], ascending=[False, True])
    return listing_frame(rows.head(size))


def turnover_of(ticker: Mapping[str, Any]) -> float | None:
    """Return what was traded in a day in units of the quote; None where a ticker does not say."""
    told = _positive(ticker.get("quoteVolume"))
    if math.isnan(told):
        told = _positive(ticker.get("baseVolume")) * _positive(ticker.get("last"))
    return None if math.isnan(told) else told


def labels_of(window: Window, rows: pd.DataFrame) -> tuple[Label, ...]:
    """Return the label of what is traded in a market, which its symbol begins with."""
    if window.asset_id is None:
        listed = zip(rows["asset_id"], rows["symbol"], strict=True)
        return tuple(Label(asset_id, symbol, symbol, "listing") for asset_id, symbol in listed)
    base = window.asset_id.partition("/")[0]
    return (Label(window.asset_id, base, base, "history"),)


class _OtherHoursError(ValueError):
    """A candle that begins at another hour than midnight."""


def _by_day(raws: Iterable[Any]) -> tuple[dict[date, list[Any]], list[Flawed]]:
    """Return candles by their day, each once, and the candles that have no readable day."""
    by_day: dict[date, list[Any]] = {}
    flawed: list[Flawed] = []
    for raw in raws:
        try:
            told = by_day.setdefault(_day(raw), [])
        except UnreadableError as problem:
            flawed.append(Flawed(Flaw("unreadable", str(problem)), raw))
        except _OtherHoursError as problem:
            flawed.append(Flawed(Flaw("not_the_answer", str(problem)), raw))
        else:
            if all(as_json(raw) != as_json(other) for other in told):
                told.append(raw)
    return by_day, flawed


def _day(raw: Any) -> date:
    if not isinstance(raw, list) or len(raw) < 1 + len(COLUMNS):
        raise UnreadableError(f"{as_json(raw)[:40]} where a candle belongs")
    moment = parse_number(raw[0])
    try:
        opened = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)
    except (OverflowError, ValueError):
        raise UnreadableError(f"{as_json(raw[0])[:40]} where a time belongs") from None
    if moment % DAY_MS:
        raise _OtherHoursError(f"begins at {opened:%Y-%m-%d %H:%M:%S}, expected midnight UTC")
    return opened.date()


def _day_or_none(raw: Any) -> date | None:
    try:
        return _day(raw)
    except (UnreadableError, _OtherHoursError):
        return None


def _read(day: date, raw: Any) -> tuple[Flaw | None, Candle | None]:
    values = {}
    for name, value in zip(COLUMNS, raw[1:], strict=False):
        try:
            values[name] = parse_number(value)
        except UnreadableError as problem:
            return Flaw("unreadable", f"{name}: {problem}"), None
    candle = Candle(day, values, raw)
    if math.isinf(values["close"] * values["volume"]):
        said = f"volume: {values['volume']:g} is too much at {values['close']:g}"
        return Flaw("unreadable", said), candle
    unknown = [name for name in PRICES if math.isnan(values[name])]
    return (Flaw("no_price", f"{unknown[0]} is null") if unknown else flaw_of(candle)), candle


def _positive(value: Any) -> float:
    try:
        read = parse_number(value)
    except UnreadableError:
        return math.nan
    return read if read > 0 else math.nan
