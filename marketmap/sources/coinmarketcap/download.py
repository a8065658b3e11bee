"""cryptocmd's download of a coin's history, over our own transport.

cryptocmd asks by a global function of its own, without timeout or check of the status, and prints
what goes wrong. Both are replaced once, for the calls that are made from here only: what else of a
program uses cryptocmd finds it as it was.
"""

import builtins
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import cryptocmd.utils
import requests

from marketmap.errors import SourceError
from marketmap.sources.coinmarketcap.answers import QUOTE, checked, made_at
from marketmap.sources.http.asking import Reply
from marketmap.sources.http.transport import Json, Transport

ONE_DAY = timedelta(days=1)

_current: ContextVar[tuple[Transport, list[Reply]] | None] = ContextVar("_current", default=None)


def download(
    transport: Transport, asset_id: str, first: date, last: date, replies: list[Reply]
) -> dict[str, Any]:
    """Let cryptocmd ask for days that fit into a single request, and give the answer's ``data``.

    cryptocmd asks from the day before the first, because the endpoint leaves its start out at
    times. The day after the last is asked for as well, in case it should do so with its end.

    Parameters
    ----------
    transport : Transport
    asset_id : str
        A number; cryptocmd would look anything else up by its symbol.
    first, last : date
    replies : list of Reply
        Gets the body as soon as it came.

    Raises
    ------
    SourceError
        As the transport and :func:`.answers.checked` do; or cryptocmd cannot read the answer.
    """
    days = (first.strftime("%d-%m-%Y"), (last + ONE_DAY).strftime("%d-%m-%Y"))
    with _over(transport, replies):
        try:
            body = cryptocmd.utils.download_coin_data(None, *days, QUOTE, None, asset_id)
        except SourceError:
            raise
        except Exception as error:
            what = f"{type(error).__name__} {error}"
            raise SourceError(f"cryptocmd cannot read the answer: {what}") from error
    data: dict[str, Any] = body["data"]
    return data


def reply_to(path: str, request: Mapping[str, str], got: Json) -> Reply:
    """Keep a body together with what was asked."""
    return Reply({"path": path, **request}, got.text, made_at(got.value))


@contextmanager
def _over(transport: Transport, replies: list[Reply]) -> Iterator[None]:
    """Let this thread's calls of cryptocmd go over a transport, and keep what comes."""
    token = _current.set((transport, replies))
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
    current = _current.get()
    if current is None:
        return requests.get(url, **options)  # noqa: S113 - as cryptocmd itself does it
    transport, replies = current
    # Its base address is fixed; ours is configured, and everything after it is the same.
    path = "/cryptocurrency/" + url.partition("/cryptocurrency/")[2]
    got = transport.get_json(path)
    replies.append(reply_to("historical", dict(parse_qsl(path.partition("?")[2])), got))
    return _Answer(checked(got.value, "quotes"))


def _print(*values: object, **options: Any) -> None:
    if _current.get() is None:
        builtins.print(*values, **options)


cryptocmd.utils.get = _get
cryptocmd.utils.print = _print
