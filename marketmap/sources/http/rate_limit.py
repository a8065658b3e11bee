"""The rate limit of a host: one for all threads and programs of a person on this machine.

When the next request may leave stands in a small file under the user's cache folder, which is
locked while a request is given its time. When a host asks to be left alone, that stands there as
well, so that nobody else asks it meanwhile.
"""

import fcntl
import logging
import os
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from marketmap.errors import SourceDownError

log = logging.getLogger(__name__)

_STATE = struct.Struct("<dd")
_FARTHEST_TURN, _LONGEST_HOLD = 3600.0, 7 * 86400.0
"""What lies further ahead was written before the clock was set back."""

_memory: dict[str, tuple[float, float]] = {}
_memory_lock = threading.Lock()


class RateLimit:
    """A token bucket that holds one token and gets a new one every ``60 / per_minute`` seconds.

    With room for one token only, requests leave evenly spaced, and no minute ever sees more of
    them than allowed, whoever sends them.

    Parameters
    ----------
    host : str
    per_minute : int
    max_wait : float
        Seconds for which a host's wish to be left alone is waited out; a longer one is an error.
    folder : Path, optional
        Where the file is; by default ``marketmap/pace`` in the user's cache folder.
    clock, sleep : callable
        Seconds since 1970, which all processes share, and how to wait; for tests.
    """

    def __init__(
        self,
        host: str,
        per_minute: int,
        max_wait: float = 300.0,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._host = host
        self._interval = 60.0 / per_minute
        self._max_wait = max_wait
        self._clock = clock
        self._sleep = sleep
        self._path = _file(folder or cache_folder() / "pace", host)

    def acquire(self) -> None:
        """Wait until a request may leave.

        Raises
        ------
        SourceDownError
            The host asked to be left alone for longer than ``max_wait``.
        """
        while True:
            now = self._clock()
            moment = self._reserve(now)
            if moment > now:
                self._sleep(moment - now)
            with self._state() as (_, held, _write):
                if held <= self._clock():  # it may have asked for more while this one waited
                    return

    def hold(self, seconds: float) -> None:
        """Let nobody ask for a while."""
        with self._state() as (turn, held, write):
            write(turn, max(held, self._clock() + min(seconds, _LONGEST_HOLD)))

    def _reserve(self, now: float) -> float:
        with self._state() as (turn, held, write):
            if held - now > self._max_wait:
                until = datetime.fromtimestamp(held, UTC)
                raise SourceDownError(
                    f"{self._host} asked to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC",
                    retry_after=held - now,
                )
            moment = max(now, turn, held)
            write(moment + self._interval, held)
        return moment

    @contextmanager
    def _state(self) -> Iterator[tuple[float, float, Callable[[float, float], None]]]:
        """Lock the host's state: its next turn, the end of its hold, and a writer."""
        if self._path is None:
            with _memory_lock:
                turn, held = _memory.get(self._host, (0.0, 0.0))
                yield (turn, held, lambda *new: _memory.update({self._host: new}))
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            stored = os.pread(descriptor, _STATE.size, 0)
            turn, held = _STATE.unpack(stored) if len(stored) == _STATE.size else (0.0, 0.0)
            now = self._clock()
            yield (
                turn if turn - now < _FARTHEST_TURN else 0.0,
                held if held - now <= _LONGEST_HOLD else 0.0,
                lambda *new: _write(descriptor, new),
            )
        finally:
            os.close(descriptor)


def cache_folder() -> Path:
    """Return where marketmap keeps what a whole machine shares: ``$XDG_CACHE_HOME/marketmap``."""
    named = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(named) if named else Path.home() / ".cache") / "marketmap"
    except RuntimeError:  # nobody's home
        return Path(tempfile.gettempdir()) / f"marketmap-{os.getuid()}"


def _write(descriptor: int, state: tuple[float, float]) -> None:
    os.pwrite(descriptor, _STATE.pack(*state), 0)


def _file(folder: Path, host: str) -> Path | None:
    """Return the host's file; None where there can be none: then the limit is this process's."""
    path = folder / quote(host, safe="")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        log.warning(
            "%s cannot be written to (%s): other runs on this machine do not know of this one's "
            "requests",
            folder,
            error.strerror,
        )
        return None
    return path
