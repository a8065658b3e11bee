"""One exchange through ccxt: asked by one thread at a time, with marketmap's own errors.

ccxt is imported where an exchange is opened, and nowhere else: it is an extra, and it takes a
third of a second.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

from marketmap.errors import ConfigError, SourceDownError, SourceError
from marketmap.settings import ExchangeSettings, FetchSettings
from marketmap.sources.http.proxies import certificates_for, is_local
from marketmap.sources.http.status import NOT_NOW, retry_after
from marketmap.sources.http.transport import never_connected

T = TypeVar("T")

SHORTEST_ANSWER = 200
"""Candles per answer of every exchange; no spot market of ccxt 4.5 has a lower limit."""
LONGEST_ANSWER = 500
"""Candles to ask for at most: a wider range of days fails on some exchanges that allow more."""

BANNED = 418
"""Binance's status for an address that went on asking after a 429."""


class Client:
    """One exchange's public data through ccxt.

    ccxt's throttle and its record of the last answer belong to no thread, so a lock is held while
    a request is on its way. That costs little, because the throttle lets one leave at a time.

    Parameters
    ----------
    settings : ExchangeSettings
    fetch : FetchSettings
        How long to wait for an answer.

    Raises
    ------
    ConfigError
        ccxt is not installed, the exchange is unknown or has no daily candles of spot markets, or
        the certificates that the environment names are not there.
    """

    def __init__(self, settings: ExchangeSettings, fetch: FetchSettings) -> None:
        self.exchange = settings.exchange
        self._ccxt = _import_ccxt()
        self._timeout = fetch.timeout_seconds
        self._lock = threading.Lock()
        self._api = _open(self._ccxt, settings.exchange, fetch)
        self._check_abilities()
        if settings.base_url is not None:
            self._api.urls["api"] = _moved(self._api.urls["api"], settings.base_url)
        certificates_for(settings.base_url or f"https://{settings.exchange}")
        # Proxies and certificates as for every other source, and no password of a .netrc either.
        self._api.session.trust_env = not is_local(settings.base_url or "")
        self._api.session.auth = lambda request: request

    @property
    def candles_per_answer(self) -> int:
        """How many candles to ask for at once."""
        api, told = self._api, None
        if api.features:
            told = api.feature_value_by_type("spot", None, "fetchOHLCV", "limit")
        return min(int(told or SHORTEST_ANSWER), LONGEST_ANSWER)

    def markets(self, *, anew: bool = False) -> dict[str, dict[str, Any]]:
        """Return all markets by their unified symbol; asked for once, and again if ``anew``."""
        return dict(self._ask(lambda api: api.load_markets(anew)))

    def candles(self, symbol: str, since: int, n_days: int) -> list[Any]:
        """Ask for daily candles: milliseconds since 1970, open, high, low, close and volume."""
        told = self._ask(lambda api: api.fetch_ohlcv(symbol, "1d", since, n_days))
        if not isinstance(told, list):
            raise SourceError(f"{self.exchange} answered with no list of candles")
        return told

    def tickers(self) -> dict[str, dict[str, Any]]:
        """Ask for the last day's trading in every market, by unified symbol."""
        return dict(self._ask(lambda api: api.fetch_tickers()))

    def is_leveraged(self, base: str) -> bool:
        """Return whether ccxt takes a currency for a leveraged token, such as BTC3L or ETHDOWN.

        By its name alone JUP would be a token on J: a name must go on after its first letter.
        """
        currencies = self._api.currencies or {}
        if (currencies.get(base) or {}).get("type") == "leveraged":
            return True
        known = {code for code in currencies if len(code) > 1}
        return bool(self._api.is_leveraged_currency(base, True, known))

    def _ask(self, ask: Callable[[Any], T]) -> T:
        with self._lock:
            self._api.status, self._api.last_response_headers = None, None
            try:
                return ask(self._api)
            except self._ccxt.BaseError as error:
                raise self._as_source_error(error) from None
            except Exception as error:
                # What an exchange never said before makes ccxt stumble in any way.
                what = f"{type(error).__name__} {_line(error)}"
                raise SourceError(f"{self.exchange}: ccxt cannot read the answer: {what}") from None

    def _as_source_error(self, error: Exception) -> SourceError:
        ccxt, name, status = self._ccxt, self.exchange, self._api.status
        unreachable = status is None and never_connected(error)
        if isinstance(error, ccxt.RequestTimeout) and status is None:
            said = f"{name} did not answer within {self._timeout:g} s"
            return SourceDownError(said, is_unreachable=unreachable)
        said = f"{name} cannot be asked: {type(error).__name__}: {_line(error)}"
        # ccxt counts every other status below 500 as "not available", too.
        is_error = status is not None and 400 <= status < 500 and status not in NOT_NOW | {BANNED}
        if is_error or not isinstance(error, ccxt.OperationFailed):
            return SourceError(said)
        busy = isinstance(error, ccxt.RateLimitExceeded | ccxt.DDoSProtection)
        told = (self._api.last_response_headers or {}).get("Retry-After")
        wait = retry_after(None if told is None else str(told), datetime.now(UTC))
        return SourceDownError(said, retry_after=wait, is_busy=busy, is_unreachable=unreachable)

    def _check_abilities(self) -> None:
        has = self._api.has
        if not has.get("spot") or not has.get("fetchOHLCV") or "1d" not in self._api.timeframes:
            raise ConfigError(
                f"source ccxt: {self.exchange} gives no daily candles of spot markets; "
                "choose another exchange"
            )


def _import_ccxt() -> Any:
    try:
        import ccxt
    except ModuleNotFoundError as error:
        if error.name != "ccxt":
            raise
        message = "source ccxt needs the extra: pip install 'marketmap[ccxt]'"
        raise ConfigError(message) from None
    return ccxt


def _open(ccxt: Any, exchange: str, fetch: FetchSettings) -> Any:
    if exchange not in ccxt.exchanges:
        close = get_close_matches(exchange, ccxt.exchanges, n=3)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise ConfigError(f"source ccxt: unknown exchange {exchange!r}{hint}")
    api = _watched(ccxt, getattr(ccxt, exchange))(
        {
            "enableRateLimit": True,
            "timeout": int(fetch.timeout_seconds * 1000),
            "userAgent": f"Mozilla/5.0 (compatible; marketmap/{version('marketmap')})",
            "options": {"defaultType": "spot"},
        }
    )
    kinds = api.options.get("fetchMarkets")
    if isinstance(kinds, dict) and isinstance(kinds.get("types"), list):
        kinds["types"] = ["spot"]  # what else is traded there need not be asked for
    return api


def _watched(ccxt: Any, kind: Any) -> Any:
    """Return a subclass of an exchange that records each answer's status, and drops no candle.

    ccxt hands a page on as text where JSON belongs, and reads an empty list of candles out of it;
    it leaves out candles whose time it cannot read.
    """

    def handle_errors(self: Any, code: int, *args: Any) -> Any:
        self.status = code
        body, parsed = args[4], args[5]
        if code == 200 and parsed is None:
            raise ccxt.BadResponse(f"something else than JSON: {str(body)[:80]}")
        return kind.handle_errors(self, code, *args)

    def parse_ohlcvs(self: Any, ohlcvs: Any, market: Any = None, *_: Any, **__: Any) -> Any:
        return [self.parse_ohlcv(ohlcv, market) for ohlcv in self.to_array(ohlcvs)]

    members: dict[str, Any] = {"status": None, "handle_errors": handle_errors}
    if kind.parse_ohlcvs is ccxt.Exchange.parse_ohlcvs:  # a shape of its own needs its own
        members["parse_ohlcvs"] = parse_ohlcvs
    return type(kind.__name__, (kind,), members)


def _moved(urls: Any, base_url: str) -> Any:
    """Return addresses with another host; what comes after the host stays."""
    if isinstance(urls, dict):
        return {key: _moved(url, base_url) for key, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    parts = urlsplit(urls)
    return base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


def _line(error: BaseException) -> str:
    """Return an error as one line of bounded length: a whole body may stand in it."""
    said = " ".join(str(error).split())[:200]
    cause = error.__cause__
    while cause is not None and cause.__context__ is not None:
        cause = cause.__context__
    return said if cause is None else f"{said} ({' '.join(str(cause).split())[:100]})"
