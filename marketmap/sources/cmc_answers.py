"""What CoinMarketCap answers, checked and turned into rows; it promises nothing about its shape."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marketmap.errors import SourceDownError, SourceError

QUOTE = "USD"
PRICE_FIELDS = ("date", "open", "high", "low", "close", "volume", "market_cap", "turnover")
CANDLE_KEYS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "turnover": "volume",
    "market_cap": "marketCap",
}


def checked(body: Any, key: str) -> dict[str, Any]:
    """Give back an answer that says success and has the list ``data[key]``, or raise.

    Errors come with HTTP 200 and a ``status.error_code`` that is a number in text; at times
    there is data beside it, which is not to be trusted.
    """
    if not isinstance(body, dict):
        raise SourceError(f"the answer is no JSON object but {type(body).__name__}")
    status = body.get("status")
    if not isinstance(status, dict):
        status = {}
    code = str(status.get("error_code") or 0)
    if code != "0":
        said = " ".join(str(status.get("error_message")).split())
        message = f"the answer says error {code[:20]}: {said[:200]}"
        if code == "429" or (len(code) == 3 and code.startswith("5")):
            raise SourceDownError(message)
        raise SourceError(message)
    data = body.get("data")
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise SourceError(f"the answer has no list data.{key}")
    return body


def is_listed(entry: Any) -> bool:
    """Whether a row is a coin that trades: sponsored products among them have no rank."""
    if not isinstance(entry, dict) or not str(entry.get("id", "")).isdecimal():
        raise SourceError(f"listing: a row without a coin's number: {str(entry)[:80]}")
    return entry.get("cmcRank") is not None and str(entry.get("isActive", 1)) != "0"


def listing_row(entry: dict[str, Any]) -> dict[str, Any]:
    """Turn a coin of the listing into a row; a quote is known by its name, not by its place."""
    who = f"listing: coin {entry['id']}"
    quotes = [quote for quote in entry.get("quotes") or () if isinstance(quote, dict)]
    quote = next((quote for quote in quotes if quote.get("name") == QUOTE), {})
    return {
        "cmc_rank": number(entry["cmcRank"], f"{who}: cmcRank"),
        "asset_id": str(entry["id"]),
        "symbol": entry.get("symbol"),
        "name": entry.get("name"),
        "market_cap": number(quote.get("marketCap"), f"{who}: marketCap"),
        "turnover": number(quote.get("volume24h"), f"{who}: volume24h"),
        "tags": [str(tag) for tag in entry.get("tags") or ()],
        "has_quote": bool(quote),
    }


def price_row(quote: Any, now: datetime) -> dict[str, Any] | None:
    """Turn a candle into a row of prices; None if its day is not over yet."""
    try:
        opened, closed = (_moment(quote[key]) for key in ("timeOpen", "timeClose"))
        values: Mapping[str, Any] = quote["quote"]
        numbers = {
            column: number(values.get(key), f"{key} on {opened.date()}")
            for column, key in CANDLE_KEYS.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SourceError(f"a candle that cannot be read: {str(quote)[:120]}") from None
    if opened.date() != closed.date():
        raise SourceError(f"a candle from {opened.date()} to {closed.date()}, expected single days")
    if closed > now or closed.date() >= now.date():
        return None
    close = numbers["close"]
    volume = numbers["turnover"] / close if close > 0 else math.nan
    return {"date": opened.date(), **numbers, "volume": volume}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def number(value: Any, what: str) -> float:
    """Read a number that may be written as text; NaN where there is none."""
    if value is None or value == "":
        return math.nan
    try:
        read = float(value)
    except (TypeError, ValueError):
        raise SourceError(f"{what} is {str(value)[:40]!r}, expected a number") from None
    if math.isinf(read):
        raise SourceError(f"{what} is infinite, expected a number")
    return read
