from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reports.sections.doubts import doubts
from tests.support.runs import make_run
from tests.support.structures import make_structure

CLUSTERS, EDGES = [1, 1, 2], [(0, 1, 0.5)]


def doubts_about(cv_scores: pd.DataFrame | None = None, **diagnostics: object) -> list[str]:
    structure = make_structure(CLUSTERS, EDGES, **diagnostics)
    if cv_scores is not None:
        structure = replace(structure, cv_scores=cv_scores)
    return doubts(replace(make_run(), structure=structure))


def test_nothing_is_said_about_a_sound_fit() -> None:
    assert doubts_about() == []


@pytest.mark.parametrize(
    ("diagnostics", "words"),
    [
        ({"converged": False, "n_iter": 200}, "did not converge: it stopped after 200 iterations"),
        ({"duality_gap": 0.5}, "The duality gap, 0.5, is above the tolerance of 0.0001"),
        ({"duality_gap": -0.5}, "is above the tolerance"),
        ({"settled": False}, "had not settled after 80 iterations"),
        ({"n_filled": 3}, "3 returns (1.00 % of all) were missing"),
        ({"alpha": 0.1}, "0.1, is the smallest that was tried"),
        ({"alpha": 0.4}, "0.4, is the largest that was tried"),
    ],
)
def test_each_doubt_is_told_in_words(diagnostics: dict[str, object], words: str) -> None:
    (doubt,) = doubts_about(**diagnostics)

    assert words in doubt


def scored(*mean_scores: float) -> pd.DataFrame:
    alphas = [0.1, 0.19, 0.2, 0.4]
    return pd.DataFrame({"alpha": alphas, "mean_score": mean_scores, "std_score": 0.1})


def test_a_penalty_next_to_failed_ones_may_be_too_large() -> None:
    (doubt,) = doubts_about(scored(-np.inf, -8.5, -8.0, -9.0), alpha=0.2, failed_fits=1)

    assert "1 of the 4 penalties tried could not be fitted" in doubt
    assert "the chosen one, 0.2, is next to them" in doubt


def test_a_penalty_with_a_close_smaller_neighbour_that_scores_worse_is_no_doubt() -> None:
    scores = pd.DataFrame(
        {"alpha": [0.181, 0.2, 0.221, 0.4], "mean_score": [-8.1, -8, -8.1, -9], "std_score": 0.1}
    )

    assert doubts_about(scores, alpha=0.2) == []


def test_failed_fits_below_a_penalty_that_scored_worse_are_no_doubt() -> None:
    scores = pd.DataFrame(
        {"alpha": [0.05, 0.1, 0.2, 0.4], "mean_score": [-np.inf, -9, -8, -9], "std_score": 0.1}
    )

    assert doubts_about(scores, alpha=0.2, failed_fits=1) == []


def test_failed_fits_above_the_chosen_penalty_are_no_doubt() -> None:
    scores = pd.DataFrame(
        {"alpha": [0.1, 0.2, 0.3, 0.4], "mean_score": [-9, -8, -9, -np.inf], "std_score": 0.1}
    )

    assert doubts_about(scores, alpha=0.2, failed_fits=1) == []


def test_what_makes_the_whole_map_doubtful_comes_first() -> None:
    first, *others = doubts_about(
        mean_square_correlation=1 / 99, explained=0.9998, most_explained=0, n_filled=3, n_days=100
    )

    assert first.startswith("There is no structure to show: the correlations are as small as")
    assert others[0] == (
        "S0 (id0) is nearly the same as others together: they explain 99.98% of its variance, "
        "above all S1 (id1) (+0.500), by partial correlation. A copy, an inverse or leveraged "
        "product, or a fund beside what it holds distorts the penalty and every edge: leave one of "
        "them out."
    )
    assert len(others) == 2


def test_a_window_of_few_days_is_a_doubt() -> None:
    (doubt,) = doubts_about(n_days=20)

    assert doubt.startswith("20 days are few")


def test_a_market_without_groups_is_a_doubt() -> None:
    structure = make_structure([0, 0, 0], EDGES)
    (doubt,) = doubts(replace(make_run(), structure=structure))

    assert doubt.startswith("There are no groups to show")
