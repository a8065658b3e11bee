"""``marketmap serve``: a Prefect server and the schedule, kept alive for as long as this runs.

Both are child processes. One that dies is started again, later each time; one that dies again and
again ends the service with an error. Both end when this process does, even when it is killed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from flows.environment import is_healthy, prepare, server_file
from flows.lock import serve_lock
from flows.progress import tell, warn
from marketmap.config import Config
from marketmap.errors import ConfigError, MarketmapError

START_SECONDS = 300.0
"""How long a server may take to come up: its first start makes a database."""
STOP_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
STABLE_SECONDS = 300.0
"""A child that lived this long is forgiven its earlier deaths."""
MAX_DEATHS = 8


class ServiceError(MarketmapError):
    """A part of the service could not be kept alive."""


@dataclass
class Child:
    """A child process that is started again when it dies.

    Parameters
    ----------
    name : str
        As messages call it.
    command : list of str
        A module and its arguments, see :mod:`flows.child`.
    environment : dict of str to str
        Added to this process's.
    ready : callable
        Tells whether the child does its work.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    started: float = 0.0
    not_before: float = field(default=0.0)

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C is not for it."""
        self.process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", "flows.child", *self.command],
            stdin=subprocess.PIPE,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )
        self.started = time.monotonic()

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until it does its work; a child that takes too long counts as dead."""
        deadline = time.monotonic() + START_SECONDS
        while self.is_alive() and not self.ready():
            if time.monotonic() > deadline:
                self.stop()
            time.sleep(0.2)

    def revive(self) -> bool:
        """Start the process if it is not alive and its time has come; tell whether it lives."""
        if self.is_alive():
            return True
        now = time.monotonic()
        if self.process is not None:
            self._mourn(now)
        if now < self.not_before:
            return False
        self.start()
        self.wait_until_ready()
        return self.is_alive()

    def _mourn(self, now: float) -> None:
        code = self.process.returncode if self.process else None
        self.stop()
        self.process = None
        self.deaths = 1 if now - self.started > STABLE_SECONDS else self.deaths + 1
        if self.deaths > MAX_DEATHS:
            raise ServiceError(
                f"the {self.name} ended {self.deaths} times in a row, last with exit code {code}; "
                "see what it wrote above"
            )
        wait = min(FIRST_WAIT * 2 ** (self.deaths - 1), LONGEST_WAIT)
        self.not_before = now + wait
        warn(f"the {self.name} ended with exit code {code}; starting it again in {wait:g} s")

    def stop(self) -> None:
        """End the process and all that it has started, kindly at first."""
        process = self.process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def serve(config: Config, config_path: Path, *, port: int | None, every: float | None) -> None:
    """Make the scheduled maps for as long as this process lives.

    Parameters
    ----------
    config, config_path
        The configuration and where it stands.
    port : int or None
        The server's; None takes Prefect's usual 4200, or a free one where that is taken.
    every : float or None
        Seconds between the runs of a map, instead of ``schedule.cron``.

    Raises
    ------
    ServiceError
        The server or the schedule ended again and again.
    """
    with serve_lock(config):
        url = prepare(config, verbose=True, ephemeral=False)
        children = [] if url else [server_child(config, port)]
        url = url or children[0].environment["PREFECT_API_URL"]
        seconds = [] if every is None else [str(every)]
        command = ["flows.schedule", str(config_path.absolute()), *seconds]
        children.append(Child("schedule", command, {"PREFECT_API_URL": url}))
        _announce(config, url, every)
        _supervise(children, lambda: tell(f"Prefect's UI: {url.removesuffix('/api')}"))


def server_child(config: Config, port: int | None) -> Child:
    """Describe a Prefect server of our own: on this machine only, its database in data_dir."""
    host, chosen = "127.0.0.1", free_port(port)
    url = f"http://{host}:{chosen}/api"
    arguments = ["prefect", "server", "start", "--host", host, "--port", str(chosen)]
    environment = {
        "PREFECT_API_URL": url,
        "PREFECT_UI_API_URL": url,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # It would mark hundreds of runs at once after a pause, and lock SQLite against the rest.
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    }
    server_file(config).write_text(json.dumps({"api": url, "pid": os.getpid()}), encoding="utf-8")
    return Child("Prefect server", arguments, environment, ready=lambda: is_healthy(url))


def free_port(wanted: int | None) -> int:
    """Find a port to listen on: the one wanted, or 4200, or where that is taken any."""
    for port in (wanted,) if wanted else (4200, 0):
        with socket.socket() as probe:
            # As servers do: a port whose connections are just closing is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                taken = error
                continue
            return int(probe.getsockname()[1])
    raise ConfigError(f"--port {wanted}: cannot listen there ({taken.strerror}); name another")


def _announce(config: Config, url: str, every: float | None) -> None:
    names = ", ".join(config.schedule.maps or (config.default_map,))
    when = f"every {every:g} s" if every else f"at {config.schedule.cron} (cron, UTC)"
    tell(f"serving {names} {when}; Prefect's API: {url}; Ctrl-C ends it")


def _supervise(children: list[Child], when_up: Callable[[], None]) -> None:
    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    told = False
    try:
        while True:
            # The schedule comes after its server, in starting as in ending.
            alive = all(child.revive() for child in children)
            if alive and not told:
                when_up()
                told = True
            time.sleep(0.5)
    except KeyboardInterrupt:
        tell("ending")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()
        signal.signal(signal.SIGTERM, before)
