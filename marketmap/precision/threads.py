"""Cores for the folds: threads where they pay off, and none taken by BLAS."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import joblib
from threadpoolctl import ThreadpoolController

_PAYS_FROM = 60
"""Assets from which on it pays to fit folds at the same time."""


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[Any]:
    """Keep BLAS from waiting for work on the cores that the folds are fitted on."""
    limit: AbstractContextManager[Any] = _blas().limit(limits=1)
    return limit


def fold_threads(
    n_jobs: int | None, n_folds: int, n_assets: int
) -> AbstractContextManager[ThreadPoolExecutor | None]:
    """Give threads for the folds, or None where one is enough."""
    if n_jobs is None:
        threads = len(os.sched_getaffinity(0)) if n_assets >= _PAYS_FROM else 1
    else:
        threads = joblib.effective_n_jobs(n_jobs)
    threads = min(threads, n_folds)
    return ThreadPoolExecutor(threads) if threads > 1 else nullcontext()
