"""Ctrl-C ends what a person has started: soon, with one word, whatever Prefect is doing.

Python raises KeyboardInterrupt wherever it happens to be. Within imports, serializers and Prefect's
own threads that is at times swallowed, turned into another error, or waited out for ever.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_CODE = 130
PATIENCE_SECONDS = 10.0
_asked = threading.Event()


def interrupted() -> bool:
    """Whether a person has asked for the end."""
    return _asked.is_set()


@contextmanager
def interrupts_at_once() -> Iterator[None]:
    """End the process at once on Ctrl-C; for imports, when there is nothing to tidy up yet."""
    before = signal.signal(signal.SIGINT, lambda *_: _leave())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupts_in_time() -> Iterator[None]:
    """Let Ctrl-C end the block in order, but within seconds; pressed again, at once."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if _asked.is_set():
            _leave()
        _asked.set()
        os.write(2, b"ending in order; press again to leave at once\n")
        timer = threading.Timer(PATIENCE_SECONDS, _leave)
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        # After an interrupt Prefect still has its server to stop, which a second one may cut short.
        if not _asked.is_set():
            signal.signal(signal.SIGINT, before)


def _leave() -> None:
    _kill_temporary_servers()
    os.write(2, b"interrupted\n")
    os._exit(EXIT_CODE)


def _kill_temporary_servers() -> None:
    module = sys.modules.get("prefect.server.api.server")
    if module is not None:
        for server in list(module.SubprocessASGIServer._instances.values()):
            if server.server_process is not None:
                server.server_process.kill()
