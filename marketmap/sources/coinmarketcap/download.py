"""cryptocmd's download of a coin's history, over this package's own transport.

cryptocmd asks by a global function of its own, without timeout or check of the status, and prints
what goes wrong. Both are replaced once, for the calls that are made from here only: what else of a
program uses cryptocmd finds it as it was.
"""

import builtins
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import cryptocmd.utils
import requests

from marketmap.errors import SourceError
from marketmap.sources.answers import RawAnswer
from marketmap.sources.coinmarketcap.answers import QUOTE, checked, made_at
from marketmap.sources.http.transport import Transport

ONE_DAY = timedelta(days=1)

_current: ContextVar[tuple[Transport, list[RawAnswer]] | None] = ContextVar(
    "_current", default=None
)


def download(
    transport: Transport, asset_id: str, first: date, last: date, raw_answers: list[RawAnswer]
) -> dict[str, Any]:
    """Let cryptocmd ask for days that fit into a single request, and return the answer's ``data``.

    cryptocmd asks from the day before the first, because the endpoint leaves its start out at
    times. The day after the last is asked for as well, in case it should do so with its end.

    Parameters
    ----------
    transport : Transport
    asset_id : str
        A number; cryptocmd would look anything else up by its symbol.
    first, last : date
    raw_answers : list of RawAnswer
        The answer is added to it as soon as it comes.

    Raises
    ------
    SourceError
        As the transport and :func:`.answers.checked` do; or cryptocmd cannot read the answer.
    """
    days = (first.strftime("%d-%m-%Y"), (last + ONE_DAY).strftime("%d-%m-%Y"))
    with _over(transport, raw_answers):
        try:
            body = cryptocmd.utils.download_coin_data(None, *days, QUOTE, None, asset_id)
        except SourceError:
            raise
        except Exception as error:
            what = f"{type(error).__name__} {error}"
            raise SourceError(f"cryptocmd cannot read the answer: {what}") from error
    data: dict[str, Any] = body["data"]
    return data


def with_request(raw: RawAnswer, path: str, request: Mapping[str, str]) -> RawAnswer:
    """Return an answer together with what was asked, and when it says that it was made."""
    return replace(raw, request={"path": path, **request}, made_at=made_at(raw.value))


@contextmanager
def _over(transport: Transport, raw_answers: list[RawAnswer]) -> Iterator[None]:
    """Send this thread's calls of cryptocmd over a transport, and keep the answers."""
    token = _current.set((transport, raw_answers))
    try:
        yield
    finally:
        _current.reset(token)


class _Response:
    """What cryptocmd expects of a response: a parsed body."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    def json(self) -> dict[str, Any]:
        return self._body


def _get(url: str, **options: Any) -> Any:
    current = _current.get()
    if current is None:
        return requests.get(url, **options)  # noqa: S113 - as cryptocmd itself does it
    transport, raw_answers = current
    # Its base address is fixed; ours is configured, and everything after it is the same.
    path = "/cryptocurrency/" + url.partition("/cryptocurrency/")[2]
    raw = transport.get_json(path)
    raw_answers.append(with_request(raw, "historical", dict(parse_qsl(path.partition("?")[2]))))
    return _Response(checked(raw.value, "quotes"))


def _print(*values: object, **options: Any) -> None:
    if _current.get() is None:
        builtins.print(*values, **options)


cryptocmd.utils.get = _get
cryptocmd.utils.print = _print
