"""Views that spare an analyst a join: returns, correlations, neighbours, the newest findings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketmap.returns import compute_returns
from marketmap.run import MapRun
from storage import Database, query
from tests.storage.conftest import WEEK_AGO, Published
from tests.storage.published.answering import day, prices, take_from_elsewhere
from tests.support.runs import AS_OF, MISSING_DAY, make_run, make_settings, store


def ask(path: Path, sql: str) -> pd.DataFrame:
    return query(sql, path).to_pandas()


def returns_of(path: Path, map_name: str = "crypto") -> pd.DataFrame:
    found = ask(path, f"SELECT date, asset_id, log_return FROM returns WHERE map = '{map_name}'")
    return found.pivot(index="date", columns="asset_id", values="log_return")


def expected_returns(run: MapRun) -> pd.DataFrame:
    return compute_returns(run.universe.closes)


def test_returns_are_those_of_the_repaired_closes_on_every_day_of_the_window(
    published: Published,
) -> None:
    found, expected = returns_of(published.path), expected_returns(published.newest)
    assert list(pd.DatetimeIndex(found.index)) == list(expected.index)
    np.testing.assert_allclose(found.to_numpy(), expected[found.columns].to_numpy(), rtol=1e-12)
    # The made-up repair tears a series that was whole: its day moves by -ln 0.125 more.
    (repair,) = published.newest.universe.repairs.to_dict("records")
    assert found.loc[repair["date"].date(), repair["asset_id"]] > 1.9


def test_a_return_never_spans_a_missing_day(published: Published) -> None:
    found = returns_of(published.path)
    missing = [str(when)[:10] for when in found.index[found["1002"].isna()]]
    assert missing == [MISSING_DAY, "2026-01-06"]
    assert found.drop(columns="1002").notna().all(axis=None)


def test_returns_are_of_each_maps_newest_run_alone(published: Published) -> None:
    found = ask(published.path, "SELECT DISTINCT map, as_of, run_id FROM returns ORDER BY map")
    assert found["run_id"].to_list() == [published.newest.run_id, published.demo.run_id]
    n_rows = ask(published.path, "SELECT count(*) AS n FROM returns WHERE map = 'crypto'")
    assert n_rows["n"].to_list() == [8 * 40]


def test_returns_of_an_asset_whose_prices_come_from_elsewhere_are_of_those(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        run = take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
        # Its own source has prices of it too, which the run did not use.
        database.upsert_prices(run.source, prices("1003", {0: 1.0, 1: 500.0}))
    found = returns_of(path)
    np.testing.assert_allclose(found["1003"], expected_returns(run)["1003"], rtol=1e-12)


def test_a_close_that_is_no_price_gives_no_return(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        run = make_run()
        store(database, run)
        database.upsert_prices(run.source, prices("1004", {9: 0.0}))
    found = returns_of(path)["1004"]
    assert list(found.index[found.isna()]) == [day(9), day(10)]


def test_correlations_are_the_newest_matrices_in_both_orders(published: Published) -> None:
    structure = published.newest.structure
    found = ask(published.path, "FROM correlations WHERE map = 'crypto'")
    assert len(found) == 8 * 7
    for name in ("correlation", "partial_correlation"):
        table = found.pivot(index="asset_id_a", columns="asset_id_b", values=name)
        expected = getattr(structure, name).loc[table.index, table.columns].to_numpy(copy=True)
        np.fill_diagonal(expected, np.nan)
        np.testing.assert_array_equal(table.to_numpy(), expected)
    symbols = published.newest.universe.assets["symbol"]
    assert (found["symbol_a"] == found["asset_id_a"].map(symbols)).all()
    assert (found["symbol_b"] == found["asset_id_b"].map(symbols)).all()


def test_a_backfilled_day_leaves_the_newest_correlations(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    newest, past = make_run(), make_run(as_of=WEEK_AGO)
    told = "SELECT as_of, run_id, count(*) AS n FROM correlations GROUP BY ALL"
    with Database.open(path) as database:
        store(database, past, newest, past)
    assert ask(path, told)["run_id"].to_list() == [newest.run_id]
    assert len(ask(path, "FROM store.run_correlations")) == 28


@pytest.mark.parametrize("threshold", [0.02, 0.5])
def test_a_day_that_is_made_again_has_its_new_correlations(
    tmp_path: Path, threshold: float
) -> None:
    """With the same settings, which replace the run, and with others, which make another."""
    path = tmp_path / "work.duckdb"
    again = make_run(seed=5, settings=make_settings(threshold=threshold))
    with Database.open(path) as database:
        store(database, make_run(), make_run("other"), again)
    found = ask(path, "SELECT run_id, correlation FROM correlations WHERE map = 'crypto'")
    assert set(found["run_id"]) == {again.run_id}
    values = again.structure.correlation.to_numpy()
    assert found["correlation"].sum() == pytest.approx(values.sum() - 8)
    assert len(ask(path, "FROM correlations WHERE map = 'other'")) == 8 * 7


def test_an_assets_neighbours_are_found_by_its_id_alone(published: Published) -> None:
    edges = published.newest.structure.edges
    for asset_id in published.newest.structure.assets.index:
        at_an_end = edges[(edges["asset_id_a"] == asset_id) | (edges["asset_id_b"] == asset_id)]
        others = at_an_end["asset_id_a"].where(
            at_an_end["asset_id_a"] != asset_id, at_an_end["asset_id_b"]
        )
        found = ask(
            published.path,
            "SELECT neighbour_id, partial_correlation FROM latest_neighbours "
            f"WHERE map = 'crypto' AND asset_id = '{asset_id}'",
        )
        stored = dict(zip(others, at_an_end["partial_correlation"], strict=True))
        assert dict(found.itertuples(index=False)) == stored


def test_neighbours_of_both_ends_agree(published: Published) -> None:
    found = ask(published.path, "FROM neighbours")
    names = {
        "asset_id": "neighbour_id",
        "symbol": "neighbour",
        "cluster": "neighbour_cluster",
    }
    turned = found.rename(columns={**names, **{there: here for here, there in names.items()}})
    order = ["run_id", "asset_id", "neighbour_id"]
    pd.testing.assert_frame_equal(
        turned[found.columns].sort_values(order, ignore_index=True),
        found.sort_values(order, ignore_index=True),
    )
    assert len(found) == 2 * len(ask(published.path, "FROM edges"))


@pytest.mark.parametrize("view", ["exclusions", "repairs"])
def test_the_latest_are_those_of_the_newest_run(published: Published, view: str) -> None:
    found = ask(published.path, f"FROM latest_{view} WHERE map = 'crypto'")
    sql = f"FROM {view} WHERE map = 'crypto' AND as_of = '{AS_OF}'"
    expected = ask(published.path, sql)[found.columns]
    pd.testing.assert_frame_equal(found, expected)
    assert set(found["run_id"]) == {published.newest.run_id}


def test_candidates_has_every_asset_that_was_looked_at_once(published: Published) -> None:
    run = published.newest
    found = query(f"FROM candidates WHERE run_id = '{run.run_id}'", published.path).to_pylist()
    outcomes = {row["asset_id"]: (row["outcome"], row["reason"]) for row in found}
    universe = run.universe
    reasons = dict(zip(universe.exclusions["asset_id"], universe.exclusions["reason"], strict=True))
    assert outcomes == {
        **dict.fromkeys(universe.assets.index, ("mapped", None)),
        **{asset_id: ("excluded", reason) for asset_id, reason in reasons.items()},
        **dict.fromkeys(universe.cut["asset_id"], ("no place", None)),
    }
    assert len(found) == len(outcomes)
