"""Each kind of source is made from its settings, and obeys the protocol."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import ConfigError
from marketmap.settings import (
    CoinMarketCapSettings,
    ExchangeSettings,
    FetchSettings,
    FilesSettings,
    SimulatedSettings,
    SourceSettings,
)
from marketmap.sources import Source, open_source


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (CoinMarketCapSettings(kind="coinmarketcap"), "CoinMarketCap"),
        (ExchangeSettings(kind="ccxt", exchange="binance"), "Exchange"),
        (FilesSettings(kind="files", path=Path("prices.csv")), "Files"),
        (SimulatedSettings(kind="simulated"), "Simulated"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_settings_name_their_source(tmp_path: Path, settings: SourceSettings, name: str) -> None:
    rows = {"date": ["2024-01-01"], "symbol": ["A"], "close": [1.0]}
    pd.DataFrame(rows).to_csv(tmp_path / "prices.csv")
    source: Source = open_source(settings, FetchSettings(), tmp_path)
    assert type(source).__name__ == name
    assert source.name.startswith(settings.kind)
    assert isinstance(source.notes, tuple)
    assert source.last_day(datetime.now(UTC)) < datetime.now(UTC).date()


def test_a_fallback_source_that_does_not_exist_is_told_at_once() -> None:
    fallback = ExchangeSettings(kind="ccxt", exchange="binanze")
    settings = CoinMarketCapSettings(kind="coinmarketcap", fallback=fallback)
    with pytest.raises(ConfigError, match=r"binanze.*binance"):
        open_source(settings, FetchSettings(), Path())


def test_a_fallback_source_is_part_of_a_maps_identity_only_where_there_is_one() -> None:
    plain = CoinMarketCapSettings(kind="coinmarketcap")
    fallback = ExchangeSettings(kind="ccxt", exchange="kraken", base_url="http://127.0.0.1:1")
    both = CoinMarketCapSettings(kind="coinmarketcap", fallback=fallback)
    assert plain.model_dump(mode="json") == {"kind": "coinmarketcap"}
    assert both.model_dump(mode="json")["fallback"] == {
        "kind": "ccxt",
        "exchange": "kraken",
        "quote": "USDT",
    }
