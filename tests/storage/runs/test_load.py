from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import duckdb
import networkx as nx
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketmap.errors import StorageError
from marketmap.pipeline import map_prices
from marketmap.run import MapRun
from marketmap.settings import FetchSettings, MapSettings
from marketmap.sources import open_source
from marketmap.structure import Clustering, Graph, Layout, MarketStructure
from storage import Database, load, load_run, query, stored_days, verify
from tests.storage.conftest import WEEK_AGO, Published
from tests.storage.published.answering import EXCHANGE, take_from_elsewhere
from tests.support.runs import AS_OF, make_run, raw_prices, store
from tests.support.structures import without_structure

MATRICES = ("correlation", "covariance", "precision", "partial_correlation")


def assert_same_structure(loaded: MarketStructure, saved: MarketStructure) -> None:
    pd.testing.assert_frame_equal(loaded.assets, saved.assets)
    for name in MATRICES:
        pd.testing.assert_frame_equal(getattr(loaded, name), getattr(saved, name), check_exact=True)
    assert list(loaded.positions) == list(saved.positions)
    for layout, positions in saved.positions.items():
        pd.testing.assert_frame_equal(loaded.positions[layout], positions, check_exact=True)
    pd.testing.assert_frame_equal(loaded.cv_scores, saved.cv_scores, check_exact=True)
    assert loaded.diagnostics == saved.diagnostics
    for field in fields(saved.diagnostics):
        kind = type(getattr(saved.diagnostics, field.name))
        assert type(getattr(loaded.diagnostics, field.name)) is kind
    assert list(loaded.clusterings) == list(saved.clusterings)
    for name, clustering in saved.clusterings.items():
        found = loaded.clusterings[name]
        pd.testing.assert_series_equal(found.labels, clustering.labels, check_exact=True)
        if clustering.exemplars is None:
            assert found.exemplars is None
        else:
            assert found.exemplars.to_dict() == clustering.exemplars.to_dict()
        assert found.diagnostics == clustering.diagnostics
    assert list(loaded.graphs) == list(saved.graphs)
    for name, graph in saved.graphs.items():
        pd.testing.assert_frame_equal(loaded.graphs[name].edges, graph.edges, check_exact=True)
        assert loaded.graphs[name].diagnostics == graph.diagnostics
    for name, layout in saved.layouts.items():
        assert loaded.layouts[name].diagnostics == layout.diagnostics
    pd.testing.assert_frame_equal(loaded.edges, saved.edges, check_exact=True)
    assert nx.utils.graphs_equal(loaded.graph, saved.graph)


def assert_same_run(loaded: MapRun, saved: MapRun) -> None:
    for name in ("map", "as_of", "settings", "source", "survivors_only", "notes"):
        assert getattr(loaded, name) == getattr(saved, name)
    assert loaded.run_id == saved.run_id
    assert loaded.is_simulated == saved.is_simulated
    assets = saved.universe.assets
    if "price_source" not in assets:  # a run tells it of every asset, once it is stored
        assets = assets.assign(price_source=pd.Series(saved.source, assets.index, dtype="str"))
    universe = replace(saved.universe, assets=assets)
    for name in ("assets", "closes", "opens", "exclusions", "repairs"):
        # How a calendar was made (its freq) is no part of it.
        pd.testing.assert_frame_equal(
            getattr(loaded.universe, name),
            getattr(universe, name),
            check_exact=True,
            check_freq=False,
        )


@pytest.mark.parametrize("which", ["past", "newest", "demo"])
def test_a_run_comes_back_exactly(published: Published, which: str) -> None:
    saved: MapRun = getattr(published, which)
    stored = load_run(saved.map, saved.as_of, published.path)
    assert_same_run(stored.run, saved)
    assert_same_structure(stored.run.structure, saved.structure)
    assert_same_structure(load(saved.map, saved.as_of, published.path), saved.structure)


def test_a_map_without_any_group_or_edge_comes_back_exactly(tmp_path: Path) -> None:
    run, path = make_run(), tmp_path / "work.duckdb"
    saved = replace(run, structure=without_structure(run.structure))
    with Database.open(path) as database:
        store(database, saved)
    assert list(verify(path)) == []
    loaded = load_run(database=path).run.structure
    assert_same_structure(loaded, saved.structure)
    assert loaded.clusters.n_clusters == 0
    assert not loaded.assets["is_exemplar"].any()
    assert query("SELECT n_clusters, n_edges FROM runs", path).to_pylist() == [
        {"n_clusters": 0, "n_edges": 0}
    ]


def test_several_clusterings_layouts_and_graphs_come_back_by_name(tmp_path: Path) -> None:
    """In their order, with noise, and without exemplars where a method knows none."""
    run, path = make_run(), tmp_path / "work.duckdb"
    structure = run.structure
    first = structure.clusters
    labels = first.labels.replace({1: 0})
    dense = Clustering("dense", labels, None, {"eps": 0.5, "n_noise": float((labels == 0).sum())})
    tree = Graph("tree", structure.edges.head(3).reset_index(drop=True), {"threshold": 0.0})
    still = Layout("still_2d", 2 * structure.positions["lle_2d"], {})
    saved = replace(
        run,
        structure=replace(
            structure,
            clusterings={"dense": dense, **structure.clusterings},
            layouts={**structure.layouts, "still_2d": still},
            graphs={**structure.graphs, "tree": tree},
        ),
    )
    with Database.open(path) as database:
        store(database, saved)
    assert list(verify(path)) == []
    loaded = load_run(database=path).run.structure
    assert_same_structure(loaded, saved.structure)
    assert loaded.clusters.n_clusters == first.n_clusters - 1
    shown = query("SELECT asset_id, cluster, is_exemplar FROM latest_clusters", path).to_pylist()
    assert {row["asset_id"]: row["cluster"] for row in shown} == labels.to_dict()
    assert {row["is_exemplar"] for row in shown} == {None}
    assert query("FROM latest_edges", path).num_rows == len(structure.edges)
    inside = "SELECT count(*) AS n FROM latest_edges WHERE within_cluster AND cluster_a = 0"
    assert query(inside, path).to_pylist() == [{"n": 0}]


def test_a_simulated_market_comes_back_exactly(tmp_path: Path) -> None:
    """With all the flaws that it has: repairs, gaps, exclusions, a late listing."""
    chosen = MapSettings.model_validate(
        {"source": {"kind": "simulated", "n_assets": 24}, "universe": {"size": 24}}
    )
    source = open_source(chosen.source, FetchSettings(), tmp_path)
    as_of = source.last_day(datetime.now(UTC))
    listing = source.listing(as_of, chosen.universe.n_candidates)
    prices = pd.concat(
        [source.prices(i, as_of - timedelta(days=400), as_of) for i in listing["asset_id"]]
    )
    universe, structure = map_prices(listing, prices, as_of, chosen)
    saved = MapRun("demo", as_of, chosen, source.name, universe, structure)
    assert len(universe.repairs) > 0
    assert len(universe.exclusions) > 0
    copy = tmp_path / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        database.upsert_prices(source.name, prices)
        database.save_run(saved)
        database.publish(copy)
    assert_same_run(load_run(None, None, copy).run, saved)
    assert_same_structure(load(None, None, copy), structure)


def test_prices_of_another_source_come_back_under_the_maps_own_id(tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    with Database.open(tmp_path / "work.duckdb") as database:
        saved = take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
        database.publish(copy)
    loaded = load_run("crypto", None, copy).run
    assert loaded.universe.assets.loc["1003", "price_source"] == EXCHANGE
    assert_same_run(loaded, saved)
    assert_same_structure(loaded.structure, saved.structure)


def test_prices_that_no_pair_names_any_more_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "work.duckdb"
    with Database.open(path) as database:
        take_from_elsewhere(database, make_run(), "1003", "C3/USDT")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM store.pairs")
    closes = load_run("crypto", None, path).run.universe.closes
    assert closes["1003"].isna().all()
    assert closes["1002"].notna().sum() == len(closes) - 1


def test_the_run_tells_when_and_with_what_it_was_made(published: Published) -> None:
    stored = load_run("crypto", None, published.path)
    assert stored.created_at.tzinfo is UTC
    assert timedelta(0) <= datetime.now(UTC) - stored.created_at < timedelta(hours=1)
    assert stored.versions["duckdb"] == version("duckdb") == duckdb.__version__
    assert {"python", "marketmap", "numpy", "scikit-learn"} <= set(stored.versions)


def test_the_newest_day_and_its_newest_settings_are_loaded(published: Published) -> None:
    assert_same_structure(load("crypto", None, published.path), published.newest.structure)
    assert_same_structure(load("crypto", "2026-01-31", published.path), published.newest.structure)


def test_days_are_listed_by_map(published: Published) -> None:
    assert stored_days(published.path, "crypto") == [WEEK_AGO, AS_OF]
    assert stored_days(published.path, "demo") == [AS_OF]


def test_unknown_maps_and_days_are_answered_with_what_there_is(published: Published) -> None:
    with pytest.raises(StorageError, match=r"no map 'nix', only: crypto, demo; --map chooses one$"):
        load("nix", None, published.path)
    with pytest.raises(StorageError, match=r"no map \"'; DROP TABLE runs; --\""):
        stored_days(published.path, "'; DROP TABLE runs; --")
    with pytest.raises(StorageError, match=r"holds several maps; name one of: crypto, demo$"):
        load(None, None, published.path)
    with pytest.raises(
        StorageError,
        match=r"'crypto' is not stored on 2025-12-01; nearest stored: 2026-01-24, 2026-01-31; "
        r"newest: 2026-01-31$",
    ):
        load_run("crypto", "2025-12-01", published.path)
    with pytest.raises(StorageError, match=r"'yesterday' is no day; expected one such as"):
        load("crypto", "yesterday", published.path)


def test_what_has_not_been_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"no map has been published there yet; run: marketmap run$"
    ):
        load(None, None, tmp_path / "nothing.duckdb")
    with Database.open(tmp_path / "work.duckdb") as database:
        database.publish(tmp_path / "copy.duckdb")
    with pytest.raises(StorageError, match=r"no map has been published there yet"):
        load("crypto", None, tmp_path / "copy.duckdb")


def test_a_copy_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "copy.duckdb"
    with Database.open(path) as database:
        store(database, make_run())
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE store.schema_version SET version = 99")
    with pytest.raises(StorageError, match="was made by a newer marketmap"):
        load("crypto", None, path)


def test_a_copy_of_an_older_version_is_refused(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.runs.load.newest_version", lambda: 99)
    with pytest.raises(StorageError, match="older marketmap; run: marketmap run"):
        load("crypto", None, published.path)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "copy.duckdb")).close()
    with pytest.raises(StorageError, match="expected a database made by marketmap"):
        load("crypto", None, tmp_path / "copy.duckdb")


def test_prices_are_the_raw_ones_repaired(published: Published) -> None:
    run = load_run("crypto", None, published.path).run
    repair = run.universe.repairs.iloc[0]
    raw = raw_prices(published.newest).pivot_table(
        index="date", columns="asset_id", values="close", dropna=False
    )[repair["asset_id"]]
    closes = run.universe.closes[repair["asset_id"]]
    before = closes.index < repair["date"]
    assert before.sum() == 20
    assert (closes[before] == raw[before] * 0.125).all()
    assert (closes[~before] == raw[~before]).all()


@settings(deadline=None, max_examples=20)
@given(names=st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8))
def test_any_name_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "names.duckdb"
    saved = make_run(names=names)
    with Database.open(path) as database:
        database.save_run(saved)
    loaded = load("crypto", None, path)
    assert loaded.assets["name"].to_dict() == saved.structure.assets["name"].to_dict()


def test_a_timestamp_stands_for_its_day(published: Published) -> None:
    day = stored_days(published.path, "crypto")[-1]
    assert load_run("crypto", pd.Timestamp(day), published.path).run.as_of == day


def test_the_place_of_a_copy_may_be_text(published: Published) -> None:
    assert load("crypto", database=str(published.path)).assets.equals(
        load("crypto", database=published.path).assets
    )
