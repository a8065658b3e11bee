"""The envelope of CoinMarketCap's answers, of which nothing can be taken for granted."""

from typing import Any

from marketmap.errors import SourceDownError, SourceError
from marketmap.sources.parsing import as_text, parse_text

QUOTE = "USD"


def checked(body: Any, key: str) -> dict[str, Any]:
    """Return an answer that says success and has the list ``data[key]``, or raise.

    Errors come with HTTP 200 and a ``status.error_code`` that is a number in text; at times
    there is data beside it, which is not to be trusted.

    Raises
    ------
    SourceDownError
        The answer says that the service is busy or broken (429 or 5xx).
    SourceError
        It says another error, or has another shape.
    """
    if not isinstance(body, dict):
        raise SourceError(f"the answer is no JSON object but {type(body).__name__}")
    status = body.get("status")
    if not isinstance(status, dict):
        status = {}
    code = as_text(status.get("error_code") or 0)[:20]
    if code != "0":
        message = f"the answer says error {code}: {parse_text(status.get('error_message'))}"
        if code == "429" or (len(code) == 3 and code.startswith("5")):
            raise SourceDownError(message, is_busy=code == "429")
        raise SourceError(message)
    data = body.get("data")
    if not isinstance(data, dict) or not isinstance(data.get(key), list):
        raise SourceError(f"the answer has no list data.{key}")
    return body


def made_at(body: Any) -> str | None:
    """Return when an answer says that it was made."""
    status = body.get("status") if isinstance(body, dict) else None
    moment = status.get("timestamp") if isinstance(status, dict) else None
    return moment if isinstance(moment, str) else None
