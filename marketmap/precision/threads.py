"""Cores for the folds: threads where they pay off, and none taken by BLAS."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

import joblib
from threadpoolctl import ThreadpoolController

_PAYS_FROM = 60
"""Assets from which on it pays to fit folds at the same time."""


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


_lock = threading.Lock()
_limits: list[Any] = []
_n_inside = 0


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS from waiting for work on the cores that the folds are fitted on.

    The limit is the whole process's: of fits at the same time the first sets it and the last takes
    it back.
    """
    global _n_inside
    with _lock:
        _n_inside += 1
        if _n_inside == 1:
            _limits.append(_blas().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            if _n_inside == 0:
                _limits.pop().restore_original_limits()


def fold_threads(
    n_jobs: int | None, n_folds: int, n_assets: int
) -> AbstractContextManager[ThreadPoolExecutor | None]:
    """Return threads for the folds, or None where one is enough."""
    if n_jobs is None:
        n_jobs = -1 if n_assets >= _PAYS_FROM else 1
    threads = min(joblib.effective_n_jobs(n_jobs), n_folds)
    return ThreadPoolExecutor(threads) if threads > 1 else nullcontext()
