"""The cookbook: every query runs, and those with a twist answer rightly."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from marketmap.run import MapRun
from storage import Database, cookbook, query
from tests.storage.conftest import WEEK_AGO, Published
from tests.support.runs import make_run, store

ASKED = {"'BTC', 'ETH'": "'C2', 'C3'", "'BTC'": "'C1'"}


def ask(name: str, path: Path) -> pd.DataFrame:
    sql = cookbook()[name]
    for shown, stored in ASKED.items():
        sql = sql.replace(shown, stored)
    return query(sql, path).to_pandas()


@pytest.mark.parametrize("name", sorted(cookbook()))
def test_every_query_of_the_cookbook_is_explained_and_answered(
    published: Published, name: str
) -> None:
    assert cookbook()[name].startswith("-- ")
    assert "?" in cookbook()[name].splitlines()[0] or name == "prices_of_cluster"
    found = ask(name, published.path)
    assert len(found) > 0
    assert found.columns[0] == "map"


def test_a_shared_symbol_tells_the_company_of_each_asset(published: Published) -> None:
    found = ask("cluster_of_asset", published.path)
    assert set(found["asset_id"]) == {"1000", "1001"}
    for asset_id, mates in found.groupby("asset_id"):
        assets = published.newest.structure.assets
        assert len(mates) == (assets["cluster"] == assets["cluster"][asset_id]).sum()


def test_neighbours_are_found_at_both_ends_of_an_edge(published: Published) -> None:
    found = ask("neighbours_of_asset", published.path)
    edges = published.newest.structure.edges
    for asset_id in ("1000", "1001"):
        at_an_end = (edges["asset_id_a"] == asset_id) | (edges["asset_id_b"] == asset_id)
        assert (found["asset_id"] == asset_id).sum() == at_an_end.sum()


def in_clusters(run: MapRun, clusters: str) -> MapRun:
    """Return a run whose assets are in other clusters, given in the order of its universe."""
    labels = pd.Series(map(int, clusters), index=run.universe.assets.index)
    labels = labels.reindex(run.structure.labels.index)
    grouped = replace(run.structure.clusters, labels=labels, exemplars=None)
    structure = replace(run.structure, clusterings={grouped.name: grouped})
    return replace(run, structure=structure)


def test_assets_in_no_cluster_keep_no_company(tmp_path: Path) -> None:
    now = in_clusters(make_run(n_assets=4), "0011")
    before = in_clusters(make_run(as_of=WEEK_AGO, n_assets=4), "1122")
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, now, before)
    found = ask("changed_company", tmp_path / "work.duckdb").set_index("asset_id")
    assert found["same_company"].to_dict() == {"1000": 0.0, "1001": 0.0}
    assert found["mates_now"].to_dict() == {"1000": 0, "1001": 0}


def test_changed_company_is_the_share_of_mates_kept(tmp_path: Path) -> None:
    now = in_clusters(make_run(n_assets=6), "112223")
    before = in_clusters(make_run(as_of=WEEK_AGO, n_assets=7), "2221333")
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, now, before)
    found = ask("changed_company", tmp_path / "work.duckdb").set_index("asset_id")
    # Now 0 1 | 2 3 4 | 5, a week ago 0 1 2 | 3 | 4 5 6 (which has left the map since).
    assert found["same_company"].round(6).to_dict() == {
        "1000": 0.5,
        "1001": 0.5,
        "1002": 0.0,
        "1003": 0.0,
        "1004": 0.0,
        "1005": 0.0,
    }
    assert found.loc["1003", ["mates_now", "mates_before"]].to_list() == [2, 0]


def test_company_that_stayed_is_not_told(tmp_path: Path) -> None:
    with Database.open(tmp_path / "work.duckdb") as database:
        store(database, make_run(), make_run(as_of=WEEK_AGO))
    assert ask("changed_company", tmp_path / "work.duckdb").empty


def test_arrivals_and_departures_are_told_by_day(published: Published) -> None:
    found = ask("arrivals_and_departures", published.path)
    assert found[["what", "asset_id"]].to_numpy().tolist() == [["left", "1008"]]


def test_edge_sums_make_the_strength(published: Published) -> None:
    found = ask("most_connected", published.path).set_index("asset_id")
    edges = published.newest.structure.edges.assign(size=lambda e: e["partial_correlation"].abs())
    ends = pd.concat(
        [edges.rename(columns={f"asset_id_{end}": "id"})[["id", "size"]] for end in "ab"]
    )
    expected = ends.groupby("id")["size"].sum()
    assert found["strength"].sort_index().to_numpy() == pytest.approx(expected.to_numpy())


def test_what_the_sources_did_is_told_with_its_figures(published: Published) -> None:
    (revised,) = ask("revisions_of_close", published.path).to_dict("records")
    assert (revised["symbol"], revised["old_close"], revised["new_close"]) == ("NEW", 9.5, 9.9)
    assert revised["changed_by"] == pytest.approx(0.4 / 9.5)
    (kept,) = ask("open_quarantine", published.path).to_dict("records")
    assert (kept["symbol"], kept["reason"], kept["close"]) == ("NEW", "spike", 900.0)
    days = ask("requests_by_day", published.path)
    columns = ["day", "n_requests", "accepted", "unavailable", "n_rows"]
    columns += ["n_quarantined", "seconds"]
    told = days[columns]
    assert told.astype({"day": "str"}).to_numpy().tolist() == [
        ["2026-02-02", 2, 1, 1, 3, 2, 0.375],
        ["2026-02-01", 1, 1, 0, 3, 0, 0.5],
    ]
