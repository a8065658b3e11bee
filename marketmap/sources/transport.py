"""HTTP as a guest should speak it: bounded in time, paced, and clear about what went wrong."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings

# Statuses that say "not now": too slow, too many requests; 5xx joins them.
NOT_NOW = frozenset({408, 425, 429})


class TokenBucket:
    """A bucket that holds one token and gets a new one every ``60 / per_minute`` seconds.

    With room for one token only, requests leave evenly spaced, and no minute ever sees more of
    them than allowed, however many threads share the bucket.

    Parameters
    ----------
    per_minute : int
    clock, sleep : callable
        Seconds that only grow, and how to wait; for tests.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._interval = 60.0 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for a token. Threads queue up: each is given its own moment."""
        with self._lock:
            now = self._clock()
            moment = max(now, self._next)
            self._next = moment + self._interval
        if moment > now:
            self._sleep(moment - now)


_buckets: dict[tuple[str, int], TokenBucket] = {}
_buckets_lock = threading.Lock()


def _shared_bucket(host: str, per_minute: int) -> TokenBucket:
    """Give all transports of this process to one host the same bucket."""
    with _buckets_lock:
        return _buckets.setdefault((host, per_minute), TokenBucket(per_minute))


class Transport:
    """GET requests to one service that answers in JSON; safe to share between threads.

    A request is sent once: whether and when to try again is for the caller to decide, who learns
    from the error's class whether that can help.

    Parameters
    ----------
    base_url : str
        What every path is appended to.
    fetch : FetchSettings
        Timeout, requests a minute and connections at once.
    """

    def __init__(self, base_url: str, fetch: FetchSettings) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc
        self._timeout = fetch.timeout_seconds
        self._bucket = _shared_bucket(self.host, fetch.requests_per_minute)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = (
            f"Mozilla/5.0 (compatible; marketmap/{version('marketmap')})"
        )
        # Cookies would make one answer depend on another, and their jar is all that threads share.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=fetch.concurrency))

    def get_json(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """Ask for a path under the base address and give the parsed answer.

        Raises
        ------
        SourceDownError
            No connection, no answer in time, a status of 408, 425, 429 or 5xx (``retry_after``
            holds what the answer said of it), or a body that is not JSON, such as a proxy's page.
        SourceError
            Any other status than 200, or an address that nothing can be asked of.
        """
        self._bucket.take()
        try:
            response = self._session.get(self.base_url + path, params=params, timeout=self._timeout)
        except requests.Timeout:
            raise SourceDownError(
                f"{self.host} did not answer within {self._timeout:g} s"
            ) from None
        except (requests.exceptions.InvalidURL, requests.TooManyRedirects) as error:
            raise SourceError(f"{self.base_url} cannot be asked: {_root(error)}") from None
        except requests.RequestException as error:
            raise SourceDownError(f"{self.host} cannot be reached: {_root(error)}") from None
        _check_status(response, self.host)
        try:
            return response.json()
        except requests.JSONDecodeError:
            kind = response.headers.get("Content-Type", "no content type")
            raise SourceDownError(
                f"{self.host} answered with something else than JSON ({kind})"
            ) from None


def _check_status(response: requests.Response, host: str) -> None:
    status = response.status_code
    if status == 200:
        return
    what = f"{host} answered with HTTP {status} {response.reason or ''}".rstrip()
    if status in NOT_NOW or status >= 500:
        wait = _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        asked = "" if wait is None else f" and asked to wait {wait:.0f} s"
        raise SourceDownError(what + asked, retry_after=wait)
    raise SourceError(what)


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Read the header in either of its forms, seconds or a date; None where it says neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _root(error: BaseException) -> str:
    """Tell the error at the bottom: what lies on top of it repeats the whole address."""
    while error.__context__ is not None:
        error = error.__context__
    return " ".join(str(error).split()) or type(error).__name__
