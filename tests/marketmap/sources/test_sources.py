"""Each kind of source is made from its settings, and obeys the protocol."""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from marketmap.settings import (
    CoinMarketCapSettings,
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
