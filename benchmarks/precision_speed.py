"""Times the graphical lasso against scikit-learn's, which is what one would use instead.

``python -m benchmarks.precision_speed``, a part of ``make bench``; takes about nine minutes. All in
one process with one BLAS thread, the solvers in turn; each figure is a median.
"""

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.covariance
from threadpoolctl import threadpool_limits

from benchmarks.windows import FOLDER, WHERE, closes, days, window
from marketmap.precision import GraphicalLassoCV
from marketmap.precision.compiling import compile_once

SIZES = [  # market, assets, days, runs
    ("stocks", 50, 250, 7),
    ("perps", 50, 250, 7),
    ("stocks", 100, 250, 7),
    ("perps", 100, 250, 7),
    ("stocks", 200, 500, 5),
    ("perps", 200, 500, 5),
    ("stocks", 500, 1250, 3),
]
WANTED = {50: 40, 100: 30, 200: 20, 500: 15}
DAYS = 60
WANTED_WARM = 200
N_FITS = 81
"""Sixteen penalties in five folds, and the last fit: what scikit-learn's default makes."""


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def reference(returns: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return sklearn.covariance.GraphicalLassoCV().fit(returns)


def floor(returns: Any) -> None:
    """Factorise and invert as often as there are fits: less no solver of that shape can do."""
    covariance = np.cov(returns, rowvar=False, bias=True) + 0.1 * np.eye(returns.shape[1])
    for _ in range(N_FITS):
        np.linalg.cholesky(covariance)
        np.linalg.inv(covariance)


def spread(times: list[float]) -> str:
    return f"{statistics.median(times):.3g} ({min(times):.3g}-{max(times):.3g})"


FIT = f"""
What a fit takes: medians (fastest-slowest) of 3 to 7 runs, on standardised returns, as the map has
them; on raw log returns in the last lines. "same": ours for the penalties that
scikit-learn tried, nothing searched. "floor": {N_FITS} Cholesky factors and inverses, as many as it
makes fits; ours takes so many times as long. Gaps: duality gaps, of the last fit and in the folds.
"""
FIT_COLUMNS = {
    "": 23,
    "scikit-learn, s": 19,
    "ours, one thread, s": 26,
    "ratio": 8,
    "wanted": 8,
    "all cores": 11,
    "same": 8,
    "floor": 7,
    "gap": 7,
    "in folds": 10,
    "its gap": 9,
    "its failures": 12,
}
DAY = f"""
What a day takes that starts from yesterday's fit, over {DAYS} days. "off": how far log(alpha) is
from that of a full search, at most (in the median).
"""
DAY_COLUMNS = {
    "": 19,
    "threads": 9,
    "scikit-learn, s": 17,
    "ours, ms": 20,
    "ratio": 8,
    "wanted": 8,
    "off": 16,
    "largest gap": 11,
}


def row(columns: dict[str, int], *cells: object) -> None:
    """Print a line of a table."""
    pairs = zip(cells, columns.values(), strict=True)
    print("".join(f"{cell!s:<{width}}" for cell, width in pairs).rstrip(), flush=True)


def compare(market: str, n_assets: int, n_days: int, runs: int, *, raw: bool = False) -> None:
    """Print one line of the table, of standardised returns or of raw ones."""
    table = closes(market)
    found = window(table, market, len(table), n_assets, n_days)
    assert found is not None
    returns = found.returns * (found.scale if raw else 1.0)
    one = GraphicalLassoCV(n_jobs=1)
    times: dict[str, list[float]] = {name: [] for name in ("theirs", "one", "all", "same", "floor")}
    for _ in range(runs):
        taken, theirs = seconds(lambda: reference(returns))
        times["theirs"].append(taken)
        times["one"].append(seconds(lambda: one.fit(returns))[0])
        times["all"].append(seconds(lambda: GraphicalLassoCV(n_jobs=-1).fit(returns))[0])
        same = GraphicalLassoCV(alphas=theirs.cv_results_["alphas"][:-1], n_jobs=1)
        times["same"].append(seconds(lambda: same.fit(returns))[0])  # noqa: B023 - called at once
        times["floor"].append(seconds(lambda: floor(returns))[0])
    middle = {name: statistics.median(values) for name, values in times.items()}
    gap = max(values.max() for name, values in one.cv_results_.items() if "dual_gap" in name)
    failed = int((~np.isfinite(theirs.cv_results_["mean_test_score"][:-1])).sum())
    row(
        FIT_COLUMNS,
        f"{market} {returns.shape[1]} x {n_days}{', raw' if raw else ''}",
        spread(times["theirs"]),
        spread(times["one"]),
        *(f"{middle['theirs'] / middle['one']:.1f}x", "" if raw else f"{WANTED[n_assets]}x"),
        *(f"{middle['theirs'] / middle[name]:.1f}x" for name in ("all", "same")),
        f"{middle['one'] / middle['floor']:.1f}",
        *(f"{one.dual_gap_:.0e}", f"{gap:.0e}", f"{theirs.costs_[-1][1]:.0e}", failed),
    )


def compare_days(market: str, n_assets: int, n_jobs: int) -> None:
    """Print what a day costs when yesterday's fit is at hand."""
    walk = list(days(market, n_assets, 250, DAYS + 1))
    theirs = [seconds(lambda: reference(walk[day].returns))[0] for day in (10, 20, 30, 40, 50)]  # noqa: B023
    previous, warm, away, gaps = None, [], [], []
    for day in walk:
        full = GraphicalLassoCV(n_jobs=n_jobs).fit(day.returns)
        model = GraphicalLassoCV(n_jobs=n_jobs)
        taken, _ = seconds(lambda: model.fit(day.returns, previous=previous))  # noqa: B023
        if previous is not None:
            warm.append(taken * 1e3)
            away.append(abs(float(np.log(model.alpha_ / full.alpha_))))
            gaps.append(model.dual_gap_)
        previous = model
    row(
        DAY_COLUMNS,
        *(f"{market} {n_assets} x 250", n_jobs, f"{statistics.median(theirs):.3g}", spread(warm)),
        f"{statistics.median(theirs) / statistics.median(warm) * 1e3:.0f}x",
        f"{WANTED_WARM}x",
        f"{max(away):.3f} ({statistics.median(away):.3f})",
        f"{max(gaps):.0e}",
    )


def compile_seconds() -> tuple[float, float]:
    """Return how long a first process takes to compile the solver, and a second to load it."""
    code = (
        "import time; from marketmap.precision.compiling import compile_once;"
        "start = time.perf_counter(); compile_once(); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        first, second = (
            float(
                subprocess.run(
                    [sys.executable, "-c", code], check=True, capture_output=True, env=environment
                ).stdout
            )
            for _ in range(2)
        )
    return first, second


def main() -> None:
    if not FOLDER.is_dir():
        print(f"no speed of the solver, for want of real prices: {WHERE}")
        return
    first, second = compile_seconds()
    cores = os.cpu_count() or 1
    print(
        f"The graphical lasso against scikit-learn {sklearn.__version__}, {platform.machine()}, "
        f"{cores} cores, one BLAS thread.\nThe solver is compiled in {first:.1f} s, once on a "
        f"machine, and loaded in {second:.2f} s, once a process; neither is in what follows."
    )
    compile_once()
    with threadpool_limits(limits=1):
        print(FIT)
        row(FIT_COLUMNS, *FIT_COLUMNS)
        for size in SIZES:
            compare(*size)
        for size in SIZES[:4]:
            compare(*size, raw=True)
        print(DAY)
        row(DAY_COLUMNS, *DAY_COLUMNS)
        for n_assets in (50, 100):
            for market in ("stocks", "perps"):
                for n_jobs in (1, cores):
                    compare_days(market, n_assets, n_jobs)


if __name__ == "__main__":
    main()
