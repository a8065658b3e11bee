"""Child processes that are kept alive, and end when this process does, even when it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flows.steps.progress import warn
from marketmap.errors import MarketmapError

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
        A module and its arguments, see :mod:`flows.service.child`.
    environment : dict of str to str
        Added to this process's.
    ready : callable
        Tells whether the child does its work.
    folder : Path, optional
        Where it runs; by default, where this process does. Prefect imports from there, and reads a
        ``prefect.toml``, a ``pyproject.toml`` and a ``.env``, which may be somebody else's.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    folder: Path | None = None
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    started: float = 0.0
    not_before: float = field(default=0.0)

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C is not for it."""
        self.process = subprocess.Popen(  # noqa: S603 - our own modules
            [sys.executable, "-m", "flows.service.child", *self.command],
            stdin=subprocess.PIPE,
            cwd=self.folder,
            # A folder of a person's own named flows, where the command runs, is not ours.
            env={**os.environ, "PYTHONSAFEPATH": "1", **self.environment},
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
            time.sleep(0.1)

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
