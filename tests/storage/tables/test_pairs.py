"""Pairs: the ids that another source has for assets."""

from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import DataError
from storage import Database
from tests.storage.published.answering import NOON, later
from tests.storage.tables.test_answers import S, naive


@pytest.fixture
def database(tmp_path: Path):
    with Database.open(tmp_path / "work.duckdb") as opened:
        yield opened


def test_pairs_replace_those_of_their_assets(database: Database) -> None:
    def pairs(**ids: str) -> pd.DataFrame:
        return pd.DataFrame(
            {"asset_id": [*ids], "other_id": [*ids.values()], "n_days": 30, "worst": 0.01}
        )

    database.save_pairs(S, "ccxt:kraken", pairs(a="A/USDT", b="B/USDT"), NOON)
    database.save_pairs(S, "ccxt:other", pairs(a="A-USD"), NOON)
    database.save_pairs(S, "ccxt:kraken", pairs(b="B2/USDT", c="C/USDT"), later(1))
    found = database.pairs(S, "ccxt:kraken")
    assert found.to_numpy().tolist() == [
        ["a", "A/USDT", 30, 0.01, pd.Timestamp(naive(NOON))],
        ["b", "B2/USDT", 30, 0.01, pd.Timestamp(naive(later(1)))],
        ["c", "C/USDT", 30, 0.01, pd.Timestamp(naive(later(1)))],
    ]
    assert found.columns.tolist() == ["asset_id", "other_id", "n_days", "worst", "checked_at"]
    assert database.pairs(S, "ccxt:other")["other_id"].to_list() == ["A-USD"]
    assert database.pairs("ccxt:kraken", S).empty
    twice = pd.concat([pairs(a="A"), pairs(a="B")])
    with pytest.raises(DataError, match=r"coinmarketcap and ccxt:kraken: asset 'a' has more"):
        database.save_pairs(S, "ccxt:kraken", twice, NOON)


def test_pairs_that_are_refuted_are_forgotten_and_no_others(database: Database) -> None:
    found = pd.DataFrame(
        {"asset_id": ["a", "b"], "other_id": ["A/USDT", "B/USDT"], "n_days": 30, "worst": 0.0}
    )
    database.save_pairs(S, "ccxt:kraken", found, NOON)
    database.save_pairs(S, "ccxt:other", found, NOON)
    wrong = pd.DataFrame({"asset_id": ["a", "b"], "other_id": ["A/USDT", "B2/USDT"]})
    database.forget_pairs(S, "ccxt:kraken", wrong)
    database.forget_pairs(S, "ccxt:kraken", wrong[:0])
    assert database.pairs(S, "ccxt:kraken")["asset_id"].to_list() == ["b"]
    assert database.pairs(S, "ccxt:other")["asset_id"].to_list() == ["a", "b"]
