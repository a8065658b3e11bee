"""The interpreter's own housekeeping, of which a command needs little."""

import atexit
import gc
import os
import sys


def collect_rarely() -> None:
    """Look for garbage once in 100,000 new objects.

    A command makes few cycles and many objects that stay, most of them by its imports. Python would
    look through all of these again and again, which takes more than half a second of a run.
    """
    gc.set_threshold(100_000)


def quiet_exit() -> None:
    """Let the process end at once, without a word.

    Python would look for half a second through all objects that a command has made, to free what
    the system frees anyway. DuckDB's binding complains in forty lines of its objects that are left
    then, as Prefect's threads leave some too. What is registered first is called last.
    """

    @atexit.register
    def _end() -> None:
        sys.stderr.flush()
        silence()
        gc.freeze()


def silence() -> None:
    """Let nobody speak on standard error any more, threads and libraries included."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
