"""Ctrl-C and SIGTERM end what was started: soon, with one line, whatever Prefect is doing.

Python raises KeyboardInterrupt wherever it happens to be. Within imports, serializers and Prefect's
own threads that is at times swallowed, turned into another error, or waited out for ever. Prefect
takes SIGTERM for itself while a flow runs, marks the flow as crashed, and then hands it on.
"""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from flows.interpreter import silence
from marketmap.printing import plural

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_SECONDS = 10.0
_asked: list[int] = []
_handled: list[int] = []
"""What Python has handled, which may be before the thread that watches has noted it."""
_kept: Counter[str] = Counter()
_speaking = threading.RLock()
_said = threading.Event()


def note_kept(what: str, number: int = 1) -> None:
    """Remember, for the last line, that an ``answer`` or ``map`` is stored for good."""
    _kept[what] += number


def note_published() -> None:
    """Remember that all maps that were stored are published as well."""
    _kept["published"] = _kept["map"]


def interrupted() -> bool:
    """Whether somebody has asked for the end."""
    return bool(_asked or _handled)


def exit_code() -> int:
    """Return the exit code of a process that a signal ended: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + (*_asked, *_handled, signal.SIGINT)[0]


def last_line() -> str:
    """Say what the command had kept when it was ended."""
    counts = [(what, _kept[what]) for what in ("answer", "map") if _kept[what]]
    if not counts:
        return "interrupted; no answer and no map had been stored yet"
    kept = ", ".join(plural(number, what) for what, number in counts)
    n_published = _kept["published"]
    published = f"{n_published} published" if n_published else "nothing new published"
    return f"interrupted; stored: {kept}; {published}; the same command goes on from there"


def say_last_line() -> None:
    """Say it, once: where ending in order takes too long, it has been said before."""
    with _speaking:
        if not _said.is_set():
            _said.set()
            os.write(2, f"{last_line()}\n".encode())


@contextmanager
def interrupts_at_once() -> Iterator[None]:
    """End the process at once; for imports, when there is nothing to tidy up yet."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        _asked.append(number)
        _leave()

    before = [signal.signal(number, end) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def interrupts_in_time() -> Iterator[None]:
    """Let a signal end the block in order, but within seconds; a second one, at once."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        _handled.append(number)
        raise KeyboardInterrupt

    # Python's and joblib's trackers would have the last word of a process that left at once.
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
    _watch_signals()
    before = [signal.signal(number, end) for number in SIGNALS]
    try:
        yield
    finally:
        # After an interrupt Prefect still has its server to stop, which a second one may cut short.
        if not interrupted():
            for number, handler in zip(SIGNALS, before, strict=True):
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Let a signal wait until something is stored: DuckDB would make an error of it, and lose it.

    A second one does not wait.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread alone
        return
    came: list[int] = []
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in came[:1]:
            number = signal.Signals(first)
            handler = before[number]
            # Not sent again: that would be a second one.
            if callable(handler):
                handler(number, None)
            else:
                signal.raise_signal(number)


def _watch_signals() -> None:
    """Note signals as they come, whoever handles them, and however late Python does.

    Prefect's handler hands SIGTERM on by sending it again, when it has nothing left to do.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)

    def watch() -> None:
        while True:
            for number in os.read(reading, 1):
                if number not in SIGNALS:
                    continue
                _asked.append(number)
                if len(_asked) > 1:
                    _leave()
                _say_that_it_ends()
                timer = threading.Timer(PATIENCE_SECONDS, _leave)
                timer.daemon = True
                timer.start()

    threading.Thread(target=watch, name="signals", daemon=True).start()


def _say_that_it_ends() -> None:
    with _speaking:
        if not _said.is_set():  # the end may be quicker than this thread
            os.write(2, b"ending in order; press again to leave at once\n")


def _leave() -> None:
    """End this process and those that work for it, with a last line; ask nobody else."""
    say_last_line()
    silence()  # threads that miss their workers have tracebacks
    # Nothing is imported here: another thread may hold the import's lock.
    if (process := sys.modules.get("multiprocessing.process")) is not None:
        for worker in process.active_children():
            worker.terminate()
    os._exit(exit_code())
