from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketmap.run import MapRun
from marketmap.universe.select import Universe
from reports.sections.doubts import SURVIVORS_ONLY, doubts, remarks
from tests.support.runs import make_run, make_settings
from tests.support.structures import make_structure

CLUSTERS, EDGES = [1, 1, 2], [(0, 1, 0.5)]


def doubts_about(cv_scores: pd.DataFrame | None = None, **diagnostics: object) -> list[str]:
    structure = make_structure(CLUSTERS, EDGES, **diagnostics)
    if cv_scores is not None:
        structure = replace(structure, cv_scores=cv_scores)
    return doubts(replace(whole_run(), structure=structure))


def whole_run(**changes: object) -> MapRun:
    """Return a run that lacks no price and has nothing to be told of."""
    run = make_run()
    structure = replace(run.structure, diagnostics=replace(run.structure.diagnostics, n_filled=0))
    whole: dict[str, Any] = {
        "universe": replace(run.universe, closes=run.universe.closes.ffill().bfill()),
        "structure": structure,
        "survivors_only": False,
        "notes": (),
    }
    return replace(run, **(whole | changes))


def lacking(n_days: int, *columns: int, field: str = "closes") -> Universe:
    """Return a universe in which some assets lack so many of 41 days."""
    universe = whole_run().universe
    prices = getattr(universe, field).ffill().bfill()
    prices.iloc[5 : 5 + n_days, list(columns)] = np.nan
    return replace(universe, **{field: prices})


def test_nothing_is_said_about_a_sound_fit() -> None:
    assert doubts_about() == []


@pytest.mark.parametrize(
    ("diagnostics", "words"),
    [
        ({"converged": False, "n_iter": 200}, "did not converge: it stopped after 200 iterations"),
        ({"duality_gap": 0.5}, "The duality gap, 0.5, is above the tolerance of 0.0001"),
        ({"duality_gap": -0.5}, "is above the tolerance"),
        ({"settled": False}, "had not settled after 80 iterations"),
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
        mean_square_correlation=1 / 99, explained=0.9998, most_explained=0, n_days=100
    )

    assert first.startswith("There is no structure to show: the correlations are as small as")
    assert others[0] == (
        "S0 (id0) is nearly the same as others together: they explain 99.98% of its variance, "
        "above all S1 (id1) (+0.500), by partial correlation. A copy, an inverse or leveraged "
        "product, or a fund beside what it holds distorts the penalty and every edge: leave one of "
        "them out."
    )
    assert len(others) == 1


def test_a_window_of_few_days_is_a_doubt() -> None:
    (doubt,) = doubts_about(n_days=20)

    assert doubt.startswith("20 days are few")


def test_a_market_without_groups_is_a_doubt() -> None:
    structure = make_structure([0, 0, 0], EDGES)
    (doubt,) = doubts(replace(whole_run(), structure=structure))

    assert doubt.startswith("There are no groups to show")


def test_an_asset_that_lacks_many_days_is_a_doubt_that_names_it() -> None:
    assert doubts(whole_run(universe=lacking(3, 4))) == [
        (
            "C4 (7.3 %) lacks prices on many days: the missing returns were set to the mean of the "
            "asset, which makes its edges look weaker than they are."
        )
    ]


def test_two_assets_that_lack_many_days_are_told_apart_where_they_share_a_symbol() -> None:
    (doubt,) = doubts(whole_run(universe=lacking(4, 0, 1)))
    assert doubt.startswith("C1 (1000) (9.8 %), C1 (1001) (9.8 %) lack prices on many days: ")


def test_a_few_missing_days_are_no_doubt() -> None:
    assert doubts(whole_run(universe=lacking(2, 0, 1, 2, 3, 4, 5, 6, 7))) == []


def test_missing_opens_are_a_doubt_where_returns_are_made_of_them_alone() -> None:
    universe = lacking(9, 2, field="opens")
    assert doubts(whole_run(universe=universe)) == []
    settings = make_settings().model_copy(update={"returns": "intraday"})
    (doubt,) = doubts(whole_run(universe=universe, settings=settings))
    assert doubt.startswith("C2 (22.0 %) lacks prices")


def test_a_list_of_a_later_day_is_a_doubt() -> None:
    assert doubts(replace(whole_run(), survivors_only=True)) == [SURVIVORS_ONLY]


@pytest.mark.parametrize(
    ("n_filled", "said"),
    [
        (1, "1 of 300 returns was missing and set to the mean of the asset."),
        (4, "4 of 300 returns were missing and set to the mean of the asset."),
    ],
)
def test_a_few_returns_that_were_missing_are_counted_for_the_record(
    n_filled: int, said: str
) -> None:
    structure = make_structure(CLUSTERS, EDGES, n_filled=n_filled)
    run = replace(whole_run(), structure=structure)
    assert remarks(run) == [said]
    assert doubts(run) == []


def test_what_a_source_notes_is_for_the_record() -> None:
    assert remarks(whole_run()) == []
    assert remarks(replace(whole_run(), notes=("a came too late",))) == ["a came too late"]


def possible_splits(n: int) -> pd.DataFrame:
    row = {"asset_id": "S", "symbol": "SYM", "name": "S", "date": pd.Timestamp("2024-05-13")}
    moved = {"factor": 1.0, "reason": "possible_split", "detail": "a split of 2:1"}
    return pd.DataFrame([row | moved] * n)


def test_a_move_that_may_be_a_split_is_a_doubt_that_names_asset_day_and_ratio() -> None:
    universe = replace(whole_run().universe, repairs=possible_splits(1))
    (doubt,) = doubts(whole_run(universe=universe))
    assert doubt.startswith("SYM may have been split on 2024-05-13: a split of 2:1. ")


def test_of_many_moves_that_may_be_splits_eight_are_told_and_the_rest_counted() -> None:
    universe = replace(whole_run().universe, repairs=possible_splits(11))
    told = doubts(whole_run(universe=universe))
    assert len(told) == 9
    assert told[-1].startswith("So may 3 more")


def test_a_ranking_by_name_is_a_doubt_where_some_had_no_place() -> None:
    universe = whole_run().universe
    by_name = universe.assets.assign(market_cap=np.nan, turnover=np.nan)
    unranked = replace(universe, assets=by_name)
    (doubt,) = doubts(whole_run(universe=unranked))
    assert doubt.startswith("Neither market cap nor turnover is known")
    assert "2 others had no place" in doubt
    nobody = replace(unranked, cut=universe.cut.iloc[:0])
    assert doubts(whole_run(universe=nobody)) == []
