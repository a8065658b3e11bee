"""Compares the penalty that is chosen with scikit-learn's choice and with a brute-force search.

``make study``, on windows of real prices; takes about five minutes on two cores. What it prints
is discussed in docs/precision.md.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import sklearn
import sklearn.covariance
from joblib import Parallel, delayed
from sklearn.covariance import log_likelihood
from sklearn.model_selection import KFold
from threadpoolctl import threadpool_limits

from benchmarks.windows import FOLDER, WHERE, Window, windows
from marketmap.precision import GraphicalLasso, GraphicalLassoCV
from marketmap.precision.problem import Problem

N_PENALTIES = 60
SMALLEST = 0.004
"""The smallest penalty of the brute-force search, as a share of that which joins no assets."""
TIGHT = 1e-8


@dataclass(frozen=True)
class Finding:
    """What was found for one window; scores are log-likelihoods of a left-out day."""

    window: str
    market: str
    n_assets: int
    n_days: int
    alpha: float
    their_alpha: float
    best_alpha: float
    score: float
    their_score: float
    best_score: float
    gap: float
    unfinished: int
    their_gap: float
    their_failures: int
    following: float
    their_following: float


class Scorer:
    """Scores penalties on five folds, each fit cold and tight."""

    def __init__(self, returns: npt.NDArray[np.float64]) -> None:
        covariance = np.cov(returns, rowvar=False, bias=True)
        self.largest = Problem(covariance, range(returns.shape[1]), "X").largest_penalty
        self.folds = []
        for train, test in KFold(5).split(returns):
            center = returns[train].mean(axis=0)
            covariance = np.cov(returns[train], rowvar=False, bias=True)
            left_out = returns[test] - center
            problem = Problem(covariance, range(returns.shape[1]), "train")
            self.folds.append((problem, left_out.T @ left_out / len(test)))

    def score(self, alpha: float) -> float:
        """Return the mean score; NaN where a fit is not tight."""
        scores = []
        for problem, test in self.folds:
            solution = problem.solve(alpha, TIGHT * len(test), 1000)
            found = solution.dual_gap <= 1e-6 * len(test)
            scores.append(log_likelihood(test, solution.precision()) if found else np.nan)
        return float(np.mean(scores))

    def search(self) -> tuple[float, float]:
        """Return the best of sixty penalties, even in their logarithms, and its score."""
        alphas = self.largest * np.geomspace(1.0, SMALLEST, N_PENALTIES)
        scores = [self.score(alpha) for alpha in alphas]
        best = int(np.nanargmax(scores))
        return alphas[best], scores[best]


def study(window: Window) -> Finding:
    """Fit a window in all three ways."""
    with threadpool_limits(limits=1), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        returns = window.returns
        ours = GraphicalLassoCV(n_jobs=1).fit(returns)
        theirs = sklearn.covariance.GraphicalLassoCV().fit(returns)
        scorer = Scorer(returns)
        best_alpha, best_score = scorer.search()
        following = [np.nan, np.nan]
        if len(window.following):
            fits = (GraphicalLasso(model.alpha_).fit(returns) for model in (ours, theirs))
            following = [float(fit.score(window.following)) for fit in fits]
        return Finding(
            window=str(window),
            market=window.market,
            n_assets=returns.shape[1],
            n_days=returns.shape[0],
            alpha=ours.alpha_,
            their_alpha=theirs.alpha_,
            best_alpha=best_alpha,
            score=scorer.score(ours.alpha_),
            their_score=scorer.score(theirs.alpha_),
            best_score=best_score,
            gap=ours.dual_gap_,
            unfinished=sum(int((~ours.cv_results_[f"split{k}_converged"]).sum()) for k in range(5)),
            their_gap=float(theirs.costs_[-1][1]),
            their_failures=int((~np.isfinite(theirs.cv_results_["mean_test_score"][:-1])).sum()),
            following=following[0],
            their_following=following[1],
        )


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Sum the findings up, a row a market."""
    found = found.assign(
        ratio=found["their_alpha"] / found["alpha"],
        loss=(found["best_score"] - found["score"]) / found["best_score"].abs(),
        their_loss=(found["best_score"] - found["their_score"]) / found["best_score"].abs(),
        gain=found["score"] - found["their_score"],
        following_gain=found["following"] - found["their_following"],
    )
    rows = {}
    for market, group in [*found.groupby("market"), ("all", found)]:
        after = group["following_gain"].dropna()
        rows[market] = {
            "windows": len(group),
            "fewer days than assets": int((group["n_days"] < group["n_assets"]).sum()),
            "scikit-learn: some fits failed": int((group["their_failures"] > 0).sum()),
            "alpha off by more than 25 %": int((abs(group["ratio"] - 1) > 0.25).sum()),
            "its alpha / ours, median": group["ratio"].median(),
            "its alpha / ours, largest": group["ratio"].max(),
            "our loss against brute force, largest": group["loss"].max(),
            "its loss, median": group["their_loss"].median(),
            "its loss, largest": group["their_loss"].max(),
            "our score higher": int((group["gain"] > 0).sum()),
            "gain in score, median": group["gain"].median(),
            "days after: windows": len(after),
            "days after: ours higher": int((after > 0).sum()),
            "days after: gain, median": after.median(),
            "our fits in the folds that did not converge": int(group["unfinished"].sum()),
            "our gap, largest": group["gap"].max(),
        }
    return pd.DataFrame(rows)


def main() -> None:
    if not FOLDER.is_dir():
        print(f"no study, for want of real prices: {WHERE}")
        return
    work = sorted(windows(), key=lambda window: -window.returns.size)
    print(f"{len(work)} windows, scikit-learn {sklearn.__version__}; some minutes ...", flush=True)
    found = pd.DataFrame(Parallel(n_jobs=-1)(delayed(study)(window) for window in work))
    with pd.option_context("display.width", 200, "display.max_columns", 20):
        print(summary(found).to_string(float_format="{:.4g}".format))
        print("\nwindows whose penalty scores worse than scikit-learn's, on its own folds:")
        worse = found[found["score"] < found["their_score"]]
        columns = ["window", "alpha", "their_alpha", "best_alpha", "score", "their_score"]
        print(worse[columns].to_string(index=False) if len(worse) else "none")
        print("\nwindows after which scikit-learn's penalty did better:")
        worse = found[found["following"] < found["their_following"]]
        columns = ["window", "alpha", "their_alpha", "following", "their_following"]
        print(worse[columns].to_string(index=False) if len(worse) else "none")


if __name__ == "__main__":
    main()
