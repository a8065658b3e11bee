"""Prefect's surroundings: everything under data_dir, nothing told to anybody, patient at start.

Prefect reads its settings from environment variables when it is imported, so :func:`prepare` comes
first. What a person has set for the server at PREFECT_API_URL stays as it is. A server of our own
has nothing to do with it: what the environment says of other servers, of keys to them and of
proxies on the way is set aside for it.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flows.steps.lock import not_writable
from marketmap.config import Config
from marketmap.errors import ConfigError
from marketmap.sources.http.proxies import is_local

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # The flows speak through Python's logging; this shows their lines in Prefect's UI as well.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "flows,marketmap",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}

FOREIGN = ("PREFECT_", "WEB_CONCURRENCY")
"""How the variables begin that are not for a server of our own, which uvicorn runs ..."""
WELCOME = ("PREFECT_LOGGING_", "PREFECT_SERVER_LOGGING_")
"""... but for these."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def find_server(config: Config) -> str | None:
    """Return the address of the Prefect server in use.

    That is PREFECT_API_URL, else that of a running ``marketmap serve``; None where there is none.

    Raises
    ------
    ConfigError
        No server answers at PREFECT_API_URL.
    """
    url = os.environ.get("PREFECT_API_URL")
    if url and not answers(url):
        raise ConfigError(f"PREFECT_API_URL={url}: no server answers; start it, or unset it")
    return url or running_server(config)


def prepare(config: Config, server: str | None, *, verbose: bool = False) -> None:
    """Set Prefect's environment variables; to be called before Prefect is imported.

    Which variables of a person's were set aside is said on standard error.

    Parameters
    ----------
    config : Config
        Its data_dir gets a folder ``prefect``.
    server : str or None
        The address of the server in use; None where it is still to be started.
    verbose : bool
        Whether Prefect's own log lines reach the terminal.

    Raises
    ------
    StorageError
        The folder cannot be made or written to.
    ConfigError
        Prefect's client knows nothing of a kind of proxy on the way to a server elsewhere.
    """
    home = prefect_home(config)
    settings = {**QUIET, "PREFECT_HOME": str(home), "PREFECT_PROFILES_PATH": str(home / "profiles")}
    if not verbose:
        settings["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    if not os.environ.get("PREFECT_API_URL"):
        _set_aside(settings)
    if server:
        settings["PREFECT_API_URL"] = server
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    if server is None or is_local(server):
        os.environ.update(past_proxies(os.environ, server))
        if problem := _broken_certificates():
            del os.environ["SSL_CERT_FILE"]
            _say(f"set aside: {problem}")
    else:
        _check_way_to_others()


def past_proxies(environment: Mapping[str, str], server: str | None = None) -> dict[str, str]:
    """Return the variables that let nothing go to this machine's own servers through a proxy.

    What a person has excepted already stays. requests, urllib and websockets go by the names alone.
    Prefect's client, httpx, would still make itself ready for every proxy, and fail where it does
    not know the kind, SOCKS for one; the star lets it look at none, and is a mere name to the
    others where it is not alone. So sources are asked through their proxy, in the same process.
    """
    if not any(environment.get(name) for name in proxy_variables(environment)):
        return {}
    own = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name.strip() for name in own.split(",") if name.strip()]
    if names != ["*"]:
        host = (urlsplit(server).hostname if server else None) or LOOPBACK[0]
        names = list(dict.fromkeys(["*", *LOOPBACK, host, *names]))
    return dict.fromkeys(("no_proxy", "NO_PROXY"), ",".join(names))


def proxy_variables(environment: Mapping[str, str]) -> list[str]:
    """Return which variables name a proxy, in capitals or not."""
    return [
        name
        for name, value in environment.items()
        if value and name.lower().endswith("_proxy") and name.lower() != "no_proxy"
    ]


def _check_way_to_others() -> None:
    """Pass, or raise where Prefect's client could not be made: it would end in a traceback."""
    if problem := _broken_certificates():
        raise ConfigError(f"{problem}; correct it, or unset it")
    import httpx

    try:
        httpx.Client().close()
    except (ImportError, ValueError) as error:
        names, why = ", ".join(proxy_variables(os.environ)), " ".join(str(error).split())
        raise ConfigError(
            f"{names}: Prefect's client cannot use it ({why}); name an http:// or https:// proxy, "
            "or unset it"
        ) from None


def _broken_certificates() -> str | None:
    """Return what is wrong with SSL_CERT_FILE, which Prefect reads even where nothing needs it."""
    path = os.environ.get("SSL_CERT_FILE")
    if not path:
        return None
    import ssl

    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        return f"SSL_CERT_FILE={path}: holds no certificates ({error.strerror or error})"
    return None


def _set_aside(ours: Mapping[str, str]) -> None:
    """Take away what the environment says of other servers, and say so unless we say the same."""
    names = [n for n in os.environ if n.startswith(FOREIGN) and not n.startswith(WELCOME)]
    taken = {name: os.environ.pop(name) for name in names}
    told = sorted(name for name, value in taken.items() if value and ours.get(name) != value)
    if told:
        _say(f"set aside, as PREFECT_API_URL names no server to use them with: {', '.join(told)}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def prefect_home(config: Config) -> Path:
    """Make and tell the folder of Prefect's own database and settings."""
    home = (config.data_dir / "prefect").absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise not_writable(config, error) from None
    return home


def empty_folder(config: Config) -> Path:
    """Make and return the folder that Prefect's processes run in, which holds nothing.

    Prefect reads settings from the folder it runs in, and puts that folder before all others on
    Python's path: a ``storage`` in it, such as that in Prefect's own home, would hide ours.
    """
    folder = prefect_home(config) / "empty"
    folder.mkdir(exist_ok=True)
    return folder


def server_file(config: Config) -> Path:
    """Return the file in which ``marketmap serve`` writes its server's address."""
    return config.data_dir / "prefect" / "server.json"


def running_server(config: Config) -> str | None:
    """Return the address of the server of a running ``marketmap serve``, if there is one."""
    try:
        url = json.loads(server_file(config).read_text(encoding="utf-8"))["api"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) and is_healthy(url) else None


def is_healthy(api_url: str) -> bool:
    """Ask whether a Prefect server is up and works."""
    return _status(api_url) == HTTPStatus.OK


def answers(api_url: str) -> bool:
    """Ask whether there is any server, be it one that wants to know first who asks."""
    return _status(api_url) is not None


def _status(api_url: str, timeout: float = 5.0) -> int | None:
    request = urllib.request.Request(f"{api_url}/health")  # noqa: S310 - a person's or our own
    past = [urllib.request.ProxyHandler({})] if is_local(api_url) else []
    try:
        with urllib.request.build_opener(*past).open(request, timeout=timeout) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
