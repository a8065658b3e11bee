"""Keeps the compiler out of the user's way: it runs once on a machine, and says so."""

import logging
import threading
from functools import cache

import numpy as np

from marketmap.precision import kernel

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 2.0  # loading the kernel from its cache takes a quarter of a second


@cache
def compile_once() -> None:
    """Load the kernel, or compile it and say so: that takes some five seconds."""
    if not hasattr(kernel.solve, "stats"):
        return  # NUMBA_DISABLE_JIT is set
    how_often = "once on this machine"
    if kernel.solve.stats.cache_path is None:
        how_often = "in every process, as there is no place to keep it; NUMBA_CACHE_DIR names one"
    message = f"compiling the graphical lasso, a few seconds, {how_often}"
    word = threading.Timer(_PATIENCE_SECONDS, log.warning, [message])
    word.daemon = True
    word.start()
    try:
        one, row = np.ones((4, 1, 1)), np.ones(1)
        kernel.solve(one[0], row, 1.0, 0.0, one[1], one[2], 1.0, 0, one[3], np.empty((1, 2)))
    except OSError as error:
        log.warning("the compiled graphical lasso could not be kept for the next time: %s", error)
    finally:
        word.cancel()
