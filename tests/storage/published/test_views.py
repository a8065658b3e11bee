from pathlib import Path

import duckdb
import pandas as pd
import pytest

from storage import Database, query
from tests.storage.conftest import WEEK_AGO, Published
from tests.storage.published.answering import EXCHANGE, day, prices, take_from_elsewhere
from tests.support.runs import AS_OF, listing_of, make_run, make_settings, raw_prices, store

VIEWS = {
    "candidates",
    "cluster_history",
    "correlations",
    "cv_scores",
    "daily_prices",
    "edges",
    "exclusions",
    "findings",
    "latest_clusters",
    "latest_edges",
    "latest_exclusions",
    "latest_neighbours",
    "latest_positions",
    "latest_repairs",
    "latest_runs",
    "listings",
    "neighbours",
    "positions",
    "quarantine",
    "renames",
    "repairs",
    "requests",
    "returns",
    "revisions",
    "runs",
}


def rows(published: Published, sql: str) -> list[tuple]:
    return [tuple(row.values()) for row in query(sql, published.path).to_pylist()]


def test_the_map_is_the_first_column_of_every_view(published: Published) -> None:
    found = rows(
        published,
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND NOT internal AND column_index = 1",
    )
    assert dict(found) == {**dict.fromkeys(VIEWS, "map"), "publication": "published_at"}


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_view_has_rows_of_every_map(published: Published, view: str) -> None:
    assert rows(published, f"SELECT DISTINCT map FROM {view} ORDER BY map") == [
        ("crypto",),
        ("demo",),
    ]


def test_runs_lists_every_run_and_marks_the_newest_of_each_day(published: Published) -> None:
    found = rows(published, "SELECT run_id, as_of, is_newest FROM runs WHERE map = 'crypto'")
    assert sorted(found) == sorted(
        [
            (published.past.run_id, WEEK_AGO, True),
            (published.older.run_id, AS_OF, False),
            (published.newest.run_id, AS_OF, True),
        ]
    )


def test_latest_runs_is_the_newest_of_each_map(published: Published) -> None:
    assert rows(published, "SELECT map, run_id, is_simulated FROM latest_runs ORDER BY map") == [
        ("crypto", published.newest.run_id, False),
        ("demo", published.demo.run_id, True),
    ]


@pytest.mark.parametrize(
    "view",
    ["cluster_history", "edges", "neighbours", "positions", "exclusions", "repairs", "cv_scores"],
)
def test_history_shows_the_newest_settings_of_each_day_only(
    published: Published, view: str
) -> None:
    found = rows(published, f"SELECT DISTINCT as_of, run_id FROM {view} WHERE map = 'crypto'")
    assert sorted(found) == [
        (WEEK_AGO, published.past.run_id),
        (AS_OF, published.newest.run_id),
    ]


def test_settings_that_are_run_again_become_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    first, second = make_run(), make_run(settings=make_settings(threshold=0.5))
    with Database.open(path) as database:
        store(database, first, second, first)
    assert query("SELECT run_id FROM latest_runs", path).to_pylist() == [{"run_id": first.run_id}]


def test_a_backfilled_day_does_not_become_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    newest, past = make_run(), make_run(as_of=WEEK_AGO)
    with Database.open(path) as database:
        store(database, newest, past)
    assert query("SELECT as_of FROM latest_runs", path).to_pylist() == [{"as_of": AS_OF}]


def test_latest_clusters_are_the_structures(published: Published) -> None:
    found = rows(
        published,
        "SELECT asset_id, symbol, name, cluster, is_exemplar FROM latest_clusters "
        "WHERE map = 'crypto'",
    )
    expected = published.newest.structure.assets.reset_index().itertuples(index=False)
    assert sorted(found) == sorted(tuple(row) for row in expected)


def test_every_asset_is_told_its_clusters_exemplar(published: Published) -> None:
    assets = published.newest.structure.assets
    exemplars = assets[assets["is_exemplar"]].set_index("cluster")["symbol"].to_dict()
    found = rows(
        published, "SELECT DISTINCT cluster, exemplar FROM latest_clusters WHERE map = 'crypto'"
    )
    assert dict(found) == exemplars


def test_latest_edges_are_the_structures_each_pair_once(published: Published) -> None:
    structure = published.newest.structure
    cluster = structure.assets["cluster"]
    found = rows(
        published,
        "SELECT asset_id_a, asset_id_b, partial_correlation, within_cluster FROM latest_edges "
        "WHERE map = 'crypto'",
    )
    expected = [
        (a, b, weight, bool(cluster[a] == cluster[b]))
        for a, b, weight in structure.edges.itertuples(index=False)
    ]
    assert sorted(found) == sorted(expected)
    assert len(found) > 5


def test_latest_positions_are_the_structures(published: Published) -> None:
    positions = published.newest.structure.positions
    both = pd.concat([positions["lle_2d"], positions["lle_3d"]], axis=1)
    found = rows(
        published,
        "SELECT asset_id, x2, y2, x3, y3, z3 FROM latest_positions WHERE map = 'crypto'",
    )
    assert sorted(found) == sorted(both.itertuples(name=None))


def test_daily_prices_carry_the_newest_symbol_of_every_asset_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    run = make_run()
    renamed = make_run(as_of=WEEK_AGO)
    renamed.universe.assets["symbol"] = "OLD"
    with Database.open(path) as database:
        store(database, run, renamed)
    found = query(
        "SELECT map, symbol, count(*) AS n FROM daily_prices WHERE asset_id = '1005' GROUP BY ALL",
        path,
    )
    assert found.to_pylist() == [{"map": "crypto", "symbol": "C5", "n": 41 + 7}]


def test_two_maps_of_one_source_both_show_its_prices(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        store(database, make_run("one"), make_run("two"))
    found = query("SELECT map, count(*) AS n FROM daily_prices GROUP BY map ORDER BY map", path)
    assert [row["map"] for row in found.to_pylist()] == ["one", "two"]
    assert len({row["n"] for row in found.to_pylist()}) == 1


def test_a_copy_can_be_attached_under_any_name(published: Published) -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ? AS market (READ_ONLY)", [str(published.path)])
        for view in sorted(VIEWS):
            assert connection.execute(f"FROM market.{view}").fetchall()


def test_a_listing_that_is_ranked_in_a_way_of_its_own_is_its_maps(tmp_path: Path) -> None:
    ranked = {"universe": {"rank_by": "turnover"}}
    settings = make_settings().model_validate({**make_settings().model_dump(), **ranked})
    run = make_run(settings=settings)
    copy = tmp_path / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        database.save_listing(f"{run.source}:turnover", run.as_of, listing_of(run))
        database.upsert_prices(run.source, raw_prices(run))
        database.save_run(run)
        database.publish(copy)
    listed = query("SELECT DISTINCT asset_id, symbol FROM listings", copy).to_pylist()
    assert len(listed) == len(listing_of(run))
    priced = query("SELECT DISTINCT asset_id, symbol FROM daily_prices", copy).to_pylist()
    assert {(row["asset_id"], row["symbol"]) for row in priced} <= {
        (row["asset_id"], row["symbol"]) for row in listed
    }


def ask(path: Path, sql: str) -> list[tuple]:
    return [tuple(row.values()) for row in query(sql, path).to_pylist()]


def test_an_asset_has_the_prices_of_its_price_source_only(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        run = take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
        database.upsert_prices(run.source, prices("9001", {0: 1.0}))  # on no map
        database.upsert_prices(EXCHANGE, prices("9001", {0: 2.0}))
    found = ask(path, "SELECT asset_id, date, close, source FROM daily_prices")
    assert len({(asset_id, when) for asset_id, when, _, _ in found}) == len(found)
    closes = {(asset_id, when): close for asset_id, when, close, _ in found}
    raw = raw_prices(run)
    expected = zip(raw["asset_id"], raw["date"].dt.date, raw["close"], strict=True)
    assert closes == {(i, when): close for i, when, close in expected} | {("9001", day(0)): 1.0}
    sources = {asset_id: source for asset_id, _, _, source in found}
    assert sources.pop("1003") == EXCHANGE
    assert set(sources.values()) == {run.source}
    assert ("1003", "C3") in ask(path, "SELECT DISTINCT asset_id, symbol FROM daily_prices")


def test_the_latest_run_decides_whose_prices_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
        database.save_run(make_run("other"))
    shown = "SELECT DISTINCT map, source FROM daily_prices WHERE asset_id = '1003' ORDER BY map"
    assert ask(path, shown) == [("crypto", EXCHANGE), ("other", "coinmarketcap")]
    with Database.open(path) as database:
        database.save_run(make_run())
    assert ask(path, shown) == [("crypto", "coinmarketcap"), ("other", "coinmarketcap")]


@pytest.mark.parametrize("view", ["latest_clusters", "cluster_history"])
def test_every_asset_tells_where_its_prices_come_from(tmp_path: Path, view: str) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
    found = dict(ask(path, f"SELECT asset_id, price_source FROM {view}"))
    assert found.pop("1003") == EXCHANGE
    assert set(found.values()) == {"coinmarketcap"}
    assert query(f"FROM {view}", path).column_names[-1] == "price_source"
