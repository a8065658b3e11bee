"""The penalty chosen on real prices, against every penalty fitted cold and tight."""

from pathlib import Path

import numpy as np
import pytest
import sklearn.covariance

from benchmarks.precision_study import Scorer
from benchmarks.windows import Window, closes, window
from marketmap.precision import GraphicalLassoCV

WINDOWS = {  # market, row after the last day, assets, days
    "perpetuals": ("perps", None, 50, 365),
    "perpetuals, fewer days than assets": ("perps", None, 100, 50),
    "stocks": ("stocks", 1500, 50, 250),
    "stocks, a month": ("stocks", 1900, 48, 30),
    "coins": ("coins", None, 23, 365),
    "coins, two weeks": ("coins44", None, 48, 14),
}


@pytest.fixture(params=WINDOWS)
def real(request: pytest.FixtureRequest, shared_data: Path) -> Window:
    market, end, n_assets, n_days = WINDOWS[request.param]
    table = closes(market)
    found = window(table, market, end or len(table), n_assets, n_days)
    assert found is not None
    return found


@pytest.mark.long
def test_the_penalty_scores_within_a_thousandth_of_the_best_of_sixty(real: Window) -> None:
    model = GraphicalLassoCV().fit(real.returns)
    scorer = Scorer(real.returns)
    _, best = scorer.search()
    assert scorer.score(model.alpha_) >= best - 1e-3 * abs(best)
    assert model.converged_
    assert np.isfinite(model.cv_results_["mean_test_score"]).all()
    unit = np.eye(real.returns.shape[1])
    assert np.abs(model.covariance_ @ model.precision_ - unit).max() <= 1e-4


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_fails_where_ours_finds_a_better_penalty(shared_data: Path) -> None:
    """What the estimator is for: fifty perpetuals over a year, where no grid point below fits."""
    table = closes("perps")
    found = window(table, "perps", len(table), 50, 365)
    assert found is not None
    with np.errstate(all="ignore"):
        theirs = sklearn.covariance.GraphicalLassoCV().fit(found.returns)
    ours = GraphicalLassoCV().fit(found.returns)
    assert np.isneginf(theirs.cv_results_["mean_test_score"]).any()
    assert theirs.alpha_ > 3 * ours.alpha_
    scorer = Scorer(found.returns)
    assert scorer.score(ours.alpha_) > scorer.score(theirs.alpha_) + 5
