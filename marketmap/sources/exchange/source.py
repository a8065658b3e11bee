"""An exchange's public daily candles through ccxt.

Assets are an exchange's spot markets against one quote currency, known by ccxt's symbol for them,
such as ``BTC/USDT``. An exchange knows no market caps, and no listing of a past day.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import price_frame
from marketmap.settings import ExchangeSettings, FetchSettings, RankBy
from marketmap.sources.answers import (
    Answer,
    ArchivedAnswer,
    Attempt,
    Window,
    quarantine_frame,
    rejected_rows,
)
from marketmap.sources.checks import SPIKE_DAYS
from marketmap.sources.exchange.answers import (
    ONE_DAY,
    labels_of,
    milliseconds,
    open_ends,
    read_candles,
    read_tickers,
    turnover_of,
)
from marketmap.sources.exchange.client import Client
from marketmap.sources.http.retry import Retry

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

AROUND = timedelta(days=SPIKE_DAYS)
"""Days asked for on either side of a window, for its first and last day to have neighbours."""
MOST_REQUESTS = 20
"""Requests per window: an exchange that needs more returns almost nothing per answer."""


class Exchange:
    """One exchange, through ccxt; safe to share between threads.

    Parameters
    ----------
    settings : ExchangeSettings
    fetch : FetchSettings

    Raises
    ------
    ConfigError
        ccxt is not installed, or the exchange is unknown or has no daily candles of spot markets.
    """

    is_remote = True
    has_past_listings = False  # an exchange tells what is traded now

    def __init__(self, settings: ExchangeSettings, fetch: FetchSettings) -> None:
        self.name = settings.source_name
        whose = f"one exchange, {settings.exchange}, in {settings.quote}"
        unknown = "market caps are unknown there, and leveraged tokens left out"
        self.notes = (f"Prices are those of {whose}; {unknown}.",)
        self._exchange, self._quote = settings.exchange, settings.quote
        self._client = Client(settings, fetch)
        host = urlsplit(settings.base_url).netloc if settings.base_url else settings.exchange
        self._retry = Retry(fetch, host, rejected_is_final=True)
        self._markets: dict[str, dict[str, Any]] = {}

    def stop(self) -> None:
        """Let everything that asks, in any thread, end soon."""
        self._retry.throttle.stop()

    @property
    def has_given_up(self) -> bool:
        """Whether it failed so often, or was stopped, that it is not asked for now."""
        return self._retry.throttle.has_given_up

    def last_day(self, now: datetime) -> date:
        """Return yesterday: the last UTC day that is over."""
        return now.astimezone(UTC).date() - ONE_DAY

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        """List the markets with the largest turnover now, whatever the day asked for.

        Raises
        ------
        SourceDownError
            The exchange did not answer.
        SourceError
            It answered with an error or nonsense, or market caps were asked for.
        """
        return self.ask_listing(as_of, size, rank_by).unwrap()

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Return a market's candles from ``start`` to ``end``, both included; none of today.

        Raises
        ------
        SourceDownError
            The exchange did not answer.
        SourceError
            It answered with an error or nonsense, or it has no such market.
        """
        parts = [self.ask_prices(window).unwrap() for window in self.windows(asset_id, start, end)]
        return price_frame(pd.concat(parts)) if parts else price_frame(pd.DataFrame())

    def markets(self) -> pd.DataFrame:
        """Return all markets, those that are not traded any more included.

        Returns
        -------
        DataFrame
            ``asset_id`` (the market) and ``symbol`` (what is traded there), ordered by market.

        Raises
        ------
        SourceDownError, SourceError
            The exchange did not answer, or with an error or nonsense.
        """
        markets = self._known_markets([]).items()
        rows = sorted((name, told["base"]) for name, told in markets if self._is_mine(told))
        return pd.DataFrame(rows, columns=["asset_id", "symbol"], dtype="str")

    def windows(self, asset_id: str, start: date, end: date) -> list[Window]:
        """Split days into requests, the newest first; together they hold each day once."""
        n_days = self._client.candles_per_answer - (2 * AROUND).days
        return Window(asset_id, start, end).split(n_days)

    def ask_listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> Answer:
        """Ask for what :meth:`listing` returns."""
        window = Window(None, as_of, as_of)
        attempts: list[Attempt] = []
        try:
            if rank_by == "market_cap":
                raise self._no_market_caps()
            told = self._traded(attempts)
        except SourceError as error:
            return _failed(window, error, attempts, [])
        request = {"exchange": self._exchange, "quote": self._quote, "size": str(size)}
        return self._read(window, [_archived(window, request, told)], attempts)

    def ask_prices(self, window: Window) -> Answer:
        """Ask for the prices of one window, and again for an end that an answer leaves out.

        Days may be missing because nothing was traded, or because the answer was cut short. So the
        missing end is asked for as long as that brings a new day.
        """
        attempts: list[Attempt] = []
        archived: list[ArchivedAnswer] = []
        last_day = self.last_day(datetime.now(UTC))
        todo = [(window.first - AROUND, min(window.last + AROUND, last_day))]
        try:
            self._check_market(window, attempts)
            while todo:
                first, last = todo.pop()
                if len(archived) == MOST_REQUESTS:
                    raise SourceError(f"{self._exchange} gives too few days in an answer")
                if max(first, window.first) <= min(last, window.last):
                    candles, kept = self._ask_days(window, first, last, attempts)
                    archived.append(kept)
                    todo += open_ends(candles, first, last)
        except SourceError as error:
            return _failed(window, error, attempts, archived)
        return self._read(window, archived, attempts)

    def read_again(self, archived: ArchivedAnswer, rank_by: RankBy = "auto") -> Answer:
        """Read an archived answer again, without asking; a listing is ranked by turnover."""
        window = archived.window
        if window.asset_id is None and rank_by == "market_cap":
            return _failed(window, self._no_market_caps(), [], [archived])
        return self._read(window, [archived], [])

    def _no_market_caps(self) -> SourceError:
        return SourceError(f"{self._exchange} knows no market caps to rank by; expected turnover")

    def _known_markets(self, attempts: list[Attempt]) -> dict[str, dict[str, Any]]:
        if not self._markets:
            self._markets = self._retry.ask(lambda *_: self._client.markets(), attempts)
        return self._markets

    def _check_market(self, window: Window, attempts: list[Attempt]) -> None:
        market = self._known_markets(attempts).get(str(window.asset_id))
        if market is None or not self._is_mine(market):
            raise SourceError(f"{self._exchange} has no such spot market in {self._quote}")

    def _is_mine(self, market: Mapping[str, Any]) -> bool:
        named = isinstance(market.get("base"), str) and market.get("quote") == self._quote
        return named and bool(market.get("spot"))

    def _ask_days(
        self, window: Window, first: date, last: date, attempts: list[Attempt]
    ) -> tuple[list[Any], ArchivedAnswer]:
        symbol, since = str(window.asset_id), milliseconds(first)
        n_days = (last - first).days + 1
        candles = self._retry.ask(lambda *_: self._client.candles(symbol, since, n_days), attempts)
        request = {
            "exchange": self._exchange,
            "symbol": symbol,
            "timeframe": "1d",
            "since": str(since),
            "limit": str(n_days),
        }
        return candles, _archived(window, request, candles)

    def _traded(self, attempts: list[Attempt]) -> list[tuple[str, str, float | None]]:
        """Ask for what is traded now: market, base and turnover."""
        self._markets = self._retry.ask(lambda *_: self._client.markets(anew=True), attempts)
        tickers = self._retry.ask(lambda *_: self._client.tickers(), attempts)
        return [
            (name, told["base"], turnover_of(tickers[name]))
            for name, told in self._markets.items()
            if self._is_mine(told)
            and told.get("active") is not False
            and name in tickers
            and not self._client.is_leveraged(told["base"])
        ]

    def _read(
        self, window: Window, archived: list[ArchivedAnswer], attempts: list[Attempt]
    ) -> Answer:
        try:
            told = [_listed(kept) for kept in archived]
            bad: list[dict[str, Any]] = []
            around = price_frame(pd.DataFrame())
            if window.asset_id is None:
                rows = read_tickers(told[0], int(archived[0].request["size"]))
            else:
                last_day = self.last_day(max((kept.at for kept in archived), default=EPOCH))
                candles = [candle for page in told for candle in page]
                rows, around, bad = read_candles(candles, window, last_day)
        except (SourceError, ValueError, TypeError, KeyError) as error:
            return _rejected(window, error, attempts, archived)
        return Answer(
            window,
            tuple(attempts),
            rows=rows,
            quarantined=quarantine_frame(bad),
            labels=labels_of(window, rows),
            archived=tuple(archived),
            around=around,
        )


def _listed(kept: ArchivedAnswer) -> list[Any]:
    told = json.loads(kept.text)
    if not isinstance(told, list):
        raise SourceError(f"the body holds no list but {type(told).__name__}")
    return told


def _archived(window: Window, request: Mapping[str, str], told: Any) -> ArchivedAnswer:
    text = json.dumps(told, separators=(",", ":"))
    return ArchivedAnswer(window, datetime.now(UTC), request, accepted=True, text=text)


def _failed(
    window: Window, error: SourceError, attempts: list[Attempt], archived: list[ArchivedAnswer]
) -> Answer:
    """Return an answer with an error; what came before it is kept."""
    unused = tuple(replace(kept, accepted=False) for kept in archived)
    return Answer(window, tuple(attempts), error=window.named_in(error), archived=unused)


def _rejected(
    window: Window, error: Exception, attempts: list[Attempt], archived: list[ArchivedAnswer]
) -> Answer:
    """Return an answer whose bodies came, but do not answer what was asked."""
    if attempts:
        attempts = [*attempts[:-1], replace(attempts[-1], outcome="rejected", detail=str(error))]
    answer = _failed(window, SourceError(str(error)), attempts, archived)
    rows = rejected_rows(window, error, [kept.text for kept in archived])
    return replace(answer, quarantined=quarantine_frame(rows))
