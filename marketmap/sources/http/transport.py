"""One HTTP request: bounded in time and size, and clear about what went wrong."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from marketmap.errors import SourceDownError, SourceError
from marketmap.settings import FetchSettings
from marketmap.sources.answers import RawAnswer
from marketmap.sources.http.proxies import certificates_for, proxies_for, proxy_for
from marketmap.sources.http.status import NOT_NOW, TOO_MANY, retry_after
from marketmap.sources.parsing import one_line

LARGEST_BODY = 64_000_000
"""Bytes; a listing of 1,000 coins has two million."""
CHUNK = 65_536


class Transport:
    """GET requests to one service that answers in JSON; safe to share between threads.

    A request is sent once. Whether and when to try again is decided in :mod:`.retry`, which learns
    from the error's class whether that can help.

    Parameters
    ----------
    base_url : str
        What every path is appended to.
    fetch : FetchSettings
        Timeout of a request, and connections at once.

    Raises
    ------
    ConfigError
        The certificates that the environment names are not there.
    """

    def __init__(self, base_url: str, fetch: FetchSettings) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(base_url).netloc.rpartition("@")[2]
        self._timeout = fetch.timeout_seconds
        self._session = _Session()
        self._session.trust_env = False  # a .netrc may hold a password for every host
        self._session.proxies = proxies_for(base_url)
        self._session.verify = certificates_for(base_url)
        self._session.headers["User-Agent"] = (
            f"Mozilla/5.0 (compatible; marketmap/{version('marketmap')})"
        )
        # Cookies would make one answer depend on another, and their jar is all that threads share.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=fetch.concurrency))

    def get_json(self, path: str, params: Mapping[str, str | int] | None = None) -> RawAnswer:
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
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise self._too_slow(is_unreachable=never_connected(error)) from None
        except (requests.exceptions.InvalidURL, requests.TooManyRedirects) as error:
            raise SourceError(f"{self.base_url} cannot be asked: {_root(error)}") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._unreachable(error) from None
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

    def _parsed(self, body: bytes, kind: str) -> RawAnswer:
        try:
            text = body.decode("utf-8")
            return RawAnswer(text, json.loads(text))
        except (ValueError, RecursionError):
            raise SourceDownError(
                f"{self.host} answered with something else than JSON ({one_line(kind)})"
            ) from None

    def _unreachable(self, error: Exception) -> SourceDownError:
        proxy = proxy_for(self.base_url)
        through = f" through the proxy {proxy}" if proxy else ""
        return SourceDownError(
            f"{self.host} cannot be reached{through}: {_root(error)}",
            is_unreachable=never_connected(error),
        )

    def _too_slow(self, *, is_unreachable: bool = False) -> SourceDownError:
        said = f"{self.host} did not answer within {self._timeout:g} s"
        return SourceDownError(said, is_unreachable=is_unreachable)


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
    what = f"{host} answered with HTTP {status} {one_line(response.reason or '')}".rstrip()
    if status in NOT_NOW or status >= requests.codes.internal_server_error:
        wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        asked = "" if wait is None else f" and asked to wait {wait:.0f} s"
        raise SourceDownError(what + asked, retry_after=wait, is_busy=status == TOO_MANY)
    raise SourceError(what)


def never_connected(error: BaseException | None) -> bool:
    """Return whether an error of requests means that there was no connection at all."""
    none = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    while error is not None:
        if isinstance(error, none):
            return True
        error = error.__context__
    return False


def _root(error: BaseException) -> str:
    """Return the error at the bottom: what lies on top of it repeats the whole address."""
    while error.__context__ is not None:
        error = error.__context__
    return one_line(str(error)) or type(error).__name__
