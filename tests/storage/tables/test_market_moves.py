"""The move of a market: the median of its assets' log returns."""

from pathlib import Path

import pytest

from storage import Database
from tests.storage.published.answering import day, prices

S = "coinmarketcap"


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def test_a_market_moves_as_its_middle_asset(database: Database) -> None:
    closes = {"1": {0: 1.0, 1: 2.0}, "2": {0: 1.0, 1: 4.0, 3: 8.0}, "3": {0: 8.0, 1: 1.0}}
    for asset_id, own in closes.items():
        database.upsert_prices(S, prices(asset_id, own))
    database.upsert_prices("other", prices("1", {0: 1.0, 1: 99.0}))
    found = database.market_moves(S, [day(3), day(1), day(1), day(0)])
    assert found["date"].dt.date.to_list() == [day(0), day(1), day(3)]
    assert found["n_assets"].to_list() == [0, 3, 0]
    assert found["move"].isna().to_list() == [True, False, True]
    assert found["move"][1] == pytest.approx(0.6931471805599453)
    assert database.market_moves(S, []).columns.tolist() == ["date", "move", "n_assets"]


def test_closes_without_a_logarithm_move_nothing(database: Database) -> None:
    for asset_id, (before, after) in {"1": (0.0, 1.0), "2": (1.0, 0.0), "3": (-1.0, 2.0)}.items():
        database.upsert_prices(S, prices(asset_id, {0: before, 1: after}))
    database.upsert_prices(S, prices("4", {0: 1e300, 1: 5e-324}))
    found = database.market_moves(S, [day(1)])
    assert found["n_assets"].to_list() == [1]
    assert found["move"][0] == pytest.approx(-1435.2155, abs=1e-3)
