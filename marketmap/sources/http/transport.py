"""HTTP as a guest should speak it: bounded in time and size, and clear about what went wrong."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings

TOO_MANY = 429
# Statuses that say "not now"; 5xx joins them.
NOT_NOW = frozenset({408, 425, TOO_MANY})

LARGEST_BODY = 64_000_000
"""Bytes; a listing of 1,000 coins has two million."""
CHUNK = 65_536


@dataclass(frozen=True)
class Json:
    """A body that holds JSON: its text, and what it says."""

    text: str
    value: Any


class Transport:
    """GET requests to one service that answers in JSON; safe to share between threads.

    A request is sent once: whether and when to try again is for the caller to decide, who learns
    from the error's class whether that can help.

    Parameters
    ----------
    base_url : str
        What every path is appended to.
    fetch : FetchSettings
        Timeout of a request, and connections at once.
    """

    def __init__(self, base_url: str, fetch: FetchSettings) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc
        self._timeout = fetch.timeout_seconds
        self._session = _Session()
        self._session.headers["User-Agent"] = (
            f"Mozilla/5.0 (compatible; marketmap/{version('marketmap')})"
        )
        # Cookies would make one answer depend on another, and their jar is all that threads share.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=fetch.concurrency))

    def get_json(self, path: str, params: Mapping[str, str | int] | None = None) -> Json:
        """Ask for a path under the base address.

        Raises
        ------
        SourceDownError
            No connection, no whole answer in time, a status of 408, 425, 429 or 5xx
            (``retry_after`` holds what the answer said of it), or a body that is not JSON, such as
            a proxy's page.
        SourceError
            Any other status than 200, an endless body, or an address that cannot be asked.
        """
        try:
            with self._session.get(
                self.base_url + path, params=params, timeout=self._timeout, stream=True
            ) as response:
                _check_status(response, self.host)
                body = self._body(response)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise self._too_slow() from None
        except (requests.exceptions.InvalidURL, requests.TooManyRedirects) as error:
            raise SourceError(f"{self.base_url} cannot be asked: {_root(error)}") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise SourceDownError(f"{self.host} cannot be reached: {_root(error)}") from None
        except ValueError as error:  # of the address that an answer sends one to
            raise SourceError(f"{self.base_url} cannot be asked: {_root(error)}") from None
        return self._parsed(body, response.headers.get("Content-Type", "no content type"))

    def _body(self, response: requests.Response) -> bytes:
        """Read the body: one that drips or has no end is given up."""
        deadline = time.monotonic() + self._timeout
        body = bytearray()
        # read1 gives what has come; anything else waits until a chunk is full.
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > LARGEST_BODY:
                raise SourceError(f"{self.host} answered with more than {LARGEST_BODY:,} bytes")
            if time.monotonic() > deadline:
                raise self._too_slow()
        return bytes(body)

    def _parsed(self, body: bytes, kind: str) -> Json:
        try:
            text = body.decode("utf-8")
            return Json(text, json.loads(text))
        except (ValueError, RecursionError):
            raise SourceDownError(
                f"{self.host} answered with something else than JSON ({_line(kind)})"
            ) from None

    def _too_slow(self) -> SourceDownError:
        return SourceDownError(f"{self.host} did not answer within {self._timeout:g} s")


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where an answer sends one; its body, which may have no end, is left unread."""
        try:
            target = super().get_redirect_target(resp)
        except UnicodeError:
            return None
        if target is not None:
            resp.raw.close()
        return target


def _check_status(response: requests.Response, host: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    what = f"{host} answered with HTTP {status} {_line(response.reason or '')}".rstrip()
    if status in NOT_NOW or status >= requests.codes.internal_server_error:
        wait = _retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        asked = "" if wait is None else f" and asked to wait {wait:.0f} s"
        raise SourceDownError(what + asked, retry_after=wait, is_busy=status == TOO_MANY)
    raise SourceError(what)


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Read the header in either of its forms, seconds or a date; None where it says neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _root(error: BaseException) -> str:
    """Return the error at the bottom: what lies on top of it repeats the whole address."""
    while error.__context__ is not None:
        error = error.__context__
    return _line(str(error)) or type(error).__name__


def _line(said: str) -> str:
    """Return a stranger's words as one line without control characters."""
    return "".join(letter for letter in " ".join(said.split()) if letter.isprintable())
