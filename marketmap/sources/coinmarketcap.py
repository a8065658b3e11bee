"""CoinMarketCap: the listing by requests, histories by cryptocmd, both over one transport."""

import builtins
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import Any

import cryptocmd.utils
import pandas as pd
import requests

from marketmap.errors import SourceDownError, SourceError
from marketmap.frames import listing_frame, price_frame
from marketmap.settings import CoinMarketCapSettings, FetchSettings, RankBy
from marketmap.sources.cmc_answers import (
    PRICE_FIELDS,
    QUOTE,
    checked,
    is_listed,
    listing_row,
    number,
    price_row,
)
from marketmap.sources.transport import Transport

ONE_DAY = timedelta(days=1)

# An answer holds some 365 days; with the day that is asked for on either side, this stays below.
WINDOW_DAYS = 360
PAGE_ROWS = 1000
# Rows asked for beyond those needed: products and inactive coins stand among them.
SPARE_ROWS = 20


class CoinMarketCap:
    """CoinMarketCap's public endpoints, in US dollars; assets are known by their number there.

    Parameters
    ----------
    settings : CoinMarketCapSettings
    fetch : FetchSettings
    """

    name = "coinmarketcap"
    is_remote = True
    has_past_listings = False  # the endpoint knows today's listing only
    notes: tuple[str, ...] = ()

    def __init__(self, settings: CoinMarketCapSettings, fetch: FetchSettings) -> None:
        self._transport = Transport(settings.base_url, fetch)

    def last_day(self, now: datetime) -> date:
        """Tell yesterday: the last UTC day that is over."""
        return now.astimezone(UTC).date() - ONE_DAY

    def listing(
        self,
        as_of: date,  # noqa: ARG002
        size: int,
        rank_by: RankBy = "auto",
    ) -> pd.DataFrame:
        """List the largest coins of today, whatever the day asked for; see ``has_past_listings``.

        Raises
        ------
        SourceDownError
            CoinMarketCap did not answer, or said that it is busy.
        SourceError
            It answered with another error, nonsense or an empty list.
        """
        entries: dict[str, dict[str, Any]] = {}
        n_rows = min(size + SPARE_ROWS, PAGE_ROWS)
        start, is_last = 1, False
        while len(entries) < size and not is_last:
            data = self._listing_page(start, n_rows, rank_by)
            page = [entry for entry in data["cryptoCurrencyList"] if is_listed(entry)]
            n_before = len(entries)
            for entry in page:
                entries.setdefault(str(entry["id"]), entry)
            # Rows that are no coins may or may not count there: rather see a coin twice than miss
            # one. Asking past the end is an error there, so the total is heeded.
            start += len(page)
            total = number(data.get("totalCount"), "listing: totalCount")
            is_full = len(data["cryptoCurrencyList"]) >= n_rows
            ends_here = not is_full if math.isnan(total) else start > total
            is_last = ends_here or len(entries) == n_before
        return self._ranked(entries, size, rank_by)

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Tell a coin's candles from ``start`` to ``end``, both included; none of a day not over.

        CoinMarketCap's volume is in US dollars: it is given as turnover, and volume is that
        turnover over the close.

        Raises
        ------
        SourceDownError
            CoinMarketCap did not answer, or said that it is busy.
        SourceError
            It answered with an error or nonsense, or with another coin than the one asked for.
        """
        if not asset_id.isdecimal():  # cryptocmd would look an empty one up by its symbol
            raise SourceError(f"coin {asset_id!r}: expected CoinMarketCap's number of a coin")
        now = datetime.now(UTC)
        end = min(end, self.last_day(now))
        days: dict[date, dict[str, Any]] = {}
        for first in _window_starts(start, end):
            last = min(first + timedelta(days=WINDOW_DAYS - 1), end)
            where = f"coin {asset_id}, {first} to {last}"
            try:
                quotes = self._quotes(asset_id, first, last)
                rows = [price_row(quote, now) for quote in quotes]
            except SourceDownError as error:
                raise SourceDownError(f"{where}: {error}", retry_after=error.retry_after) from None
            except SourceError as error:
                raise SourceError(f"{where}: {error}") from None
            days |= {row["date"]: row for row in rows if row is not None}
        inside = [row for day, row in days.items() if start <= day <= end]
        return price_frame(
            pd.DataFrame(inside, columns=list(PRICE_FIELDS)).assign(asset_id=asset_id)
        )

    def planted_sectors(self) -> None:
        """Tell that nobody knows the true sectors of a real market."""

    def _ranked(
        self, entries: dict[str, dict[str, Any]], size: int, rank_by: RankBy
    ) -> pd.DataFrame:
        if not entries:
            raise SourceError(f"{self._transport.host} answered with a listing without coins")
        rows = pd.DataFrame([listing_row(entry) for entry in entries.values()])
        if not rows["has_quote"].any():
            raise SourceError(
                f"{self._transport.host} answered with a listing without a quote in {QUOTE}"
            )
        if rank_by == "turnover":
            rows = rows.sort_values("turnover", ascending=False, kind="stable")
        else:
            rows = rows.sort_values("cmc_rank", kind="stable")
        return listing_frame(rows.head(size))

    def _listing_page(self, start: int, n_rows: int, rank_by: RankBy) -> dict[str, Any]:
        query: dict[str, str | int] = {
            "start": start,
            "limit": n_rows,
            "sortBy": "volume_24h" if rank_by == "turnover" else "market_cap",
            "sortType": "desc",
            "convert": QUOTE,
            "cryptoType": "all",
            "tagType": "all",
            "audited": "false",
            "aux": "tags,cmc_rank,date_added,num_market_pairs,circulating_supply",
        }
        try:
            body = self._transport.get_json("/cryptocurrency/listing", query)
            data: dict[str, Any] = checked(body, "cryptoCurrencyList")["data"]
        except SourceDownError as error:
            raise SourceDownError(f"listing: {error}", retry_after=error.retry_after) from None
        except SourceError as error:
            raise SourceError(f"listing: {error}") from None
        return data

    def _quotes(self, asset_id: str, first: date, last: date) -> list[Any]:
        """Ask cryptocmd for one window, short enough for a single request.

        cryptocmd asks from the day before the first, because the endpoint leaves its start out at
        times. The day after the last is asked for as well, in case it should do so with its end.
        """
        with _over(self._transport):
            try:
                body = cryptocmd.utils.download_coin_data(
                    None,
                    first.strftime("%d-%m-%Y"),
                    (last + ONE_DAY).strftime("%d-%m-%Y"),
                    QUOTE,
                    None,
                    asset_id,
                )
            except SourceError:
                raise
            except Exception as error:
                what = f"{type(error).__name__} {error}"
                raise SourceError(f"cryptocmd cannot read the answer: {what}") from error
        data = body["data"]
        quotes: list[Any] = data["quotes"]
        answered = data.get("id")
        # A coin that is not traded any more comes without quotes, and maybe without an id.
        if str(answered) != asset_id and (quotes or answered is not None):
            raise SourceError(f"the answer is about coin {answered}")
        return quotes


def _window_starts(start: date, end: date) -> Iterator[date]:
    while start <= end:
        yield start
        start += timedelta(days=WINDOW_DAYS)


# cryptocmd asks by a global function of its own, without timeout, pace or check of the status, and
# prints what goes wrong. Both are replaced once, for the calls that are made in _over() only: what
# else of a program uses cryptocmd finds it as it was.
_current: ContextVar[Transport | None] = ContextVar("_current", default=None)


@contextmanager
def _over(transport: Transport) -> Iterator[None]:
    """Let this thread's calls of cryptocmd go over a transport."""
    token = _current.set(transport)
    try:
        yield
    finally:
        _current.reset(token)


class _Answer:
    """What cryptocmd expects of a response: a parsed body."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    def json(self) -> dict[str, Any]:
        return self._body


def _get(url: str, **options: Any) -> Any:
    transport = _current.get()
    if transport is None:
        return requests.get(url, **options)  # noqa: S113 - as cryptocmd itself does it
    # Its base address is fixed; ours is configured, and everything after it is the same.
    path = "/cryptocurrency/" + url.partition("/cryptocurrency/")[2]
    return _Answer(checked(transport.get_json(path), "quotes"))


def _print(*values: object, **options: Any) -> None:
    if _current.get() is None:
        builtins.print(*values, **options)


cryptocmd.utils.get = _get
cryptocmd.utils.print = _print
