"""Processes by ``os.fork``: all is imported once, so that no run waits seconds for it.

That is safe because the parent never computes, opens no DuckDB and starts no thread: libgomp's and
DuckDB's threads would be missing in a child that believes to have them.
"""

import math
import os
import pickle
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.warm import wait_for_threads


@dataclass(frozen=True)
class Forked:
    """A child and the end of the pipe from which its words come."""

    pid: int
    words: int

    def wait(self) -> int:
        """Wait for its end; give the exit code, or the signal as a negative number."""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def fork(work: Callable[[int], object]) -> Forked:
    """Start a child that works with the writing end of a pipe."""
    wait_for_threads()
    assert threading.active_count() == 1, "only a process of one thread can be forked"
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Forked(pid, reading)
    code = 1
    try:
        os.close(reading)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        work(writing)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # nothing of the parent's is to be tidied up here


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a child of its own and give what it returns."""

    def answer(writing: int) -> None:
        result = pickle.dumps(work(*arguments))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(result)

    child = fork(answer)
    with os.fdopen(child.words, "rb") as pipe:
        told = pipe.read()
    code = child.wait()
    if code != 0:
        raise RuntimeError(f"{getattr(work, '__name__', work)} ended with {code}")
    return pickle.loads(told)


def kill_in_stage(child: Forked, stage: str, seconds: float = math.inf) -> bool:
    """Kill a child after so many seconds in a stage; tell whether it was killed, be it by itself.

    The child says by lines ``stage time`` where it is; a stage's seconds add up.
    """
    since: float | None = None
    rest = b""
    with os.fdopen(child.words, "rb", buffering=0) as pipe:
        while True:
            left = math.inf if since is None else since + seconds - time.monotonic()
            timeout = None if math.isinf(left) else max(0.0, left)
            if not select.select([pipe], [], [], timeout)[0]:
                os.kill(child.pid, signal.SIGKILL)
                break
            words = pipe.read(4096)
            if not words:
                break
            *lines, rest = (rest + words).split(b"\n")
            for line in lines:
                name, at = line.decode().split()
                if since is not None:
                    seconds -= float(at) - since
                since = float(at) if name == stage else None
    return child.wait() == -signal.SIGKILL
