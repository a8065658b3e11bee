"""What commands take seconds to load, loaded once in a process that is then forked for each."""

import gc
import threading
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module

from marketmap.precision.compiling import compile_once
from reports import page


def warm_up(modules: Iterable[str]) -> None:
    """Import modules, load the compiled kernel and read the report's parts."""
    for name in modules:
        with suppress(ImportError):
            import_module(name)
    compile_once()
    page._environment().get_template("report.html")
    page._scripts()
    wait_for_threads()
    gc.collect()
    gc.freeze()  # so that children do not copy memory by looking through it


def wait_for_threads() -> None:
    """Let threads end that are about to, such as a timer that was just called off."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(10)
