"""Prefect's surroundings: everything under data_dir, nothing told to anybody, patient at start.

Prefect reads its settings from environment variables when it is imported, so :func:`prepare` comes
first. What a person has set stays as it is.
"""

import json
import os
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from flows.steps.lock import not_writable
from marketmap.config import Config
from marketmap.errors import ConfigError

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # The flows speak through Python's logging; this shows their lines in Prefect's UI as well.
    "PREFECT_LOGGING_EXTRA_LOGGERS": "flows,marketmap",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}


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
    """
    home = prefect_home(config)
    settings = {**QUIET, "PREFECT_HOME": str(home), "PREFECT_PROFILES_PATH": str(home / "profiles")}
    if not verbose:
        settings["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    if server:
        settings["PREFECT_API_URL"] = server
    for name, value in settings.items():
        os.environ.setdefault(name, value)


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
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
