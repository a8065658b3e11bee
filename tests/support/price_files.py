"""Small files of prices, written by hand."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketmap.errors import DataError
from marketmap.settings import FilesSettings
from marketmap.sources.files.table import read_table

LAST = date(2024, 3, 29)  # a Friday


def write_csv(folder: Path, *lines: str, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def table(
    symbol: str, n_days: int, *, last: date = date(2024, 3, 31), **columns: object
) -> pd.DataFrame:
    days = pd.date_range(end=last, periods=n_days)
    return pd.DataFrame({"date": days, "symbol": symbol, "close": 10.0, **columns})


def write_parquet(folder: Path, *tables: pd.DataFrame) -> Path:
    path = folder / "prices.parquet"
    pd.concat(tables).to_parquet(path)
    return path


def closes_of(path: Path, **settings: object) -> dict[str, dict[str, float]]:
    """Read a file and return the closes by asset and day."""
    told = FilesSettings.model_validate({"kind": "files", "path": path, **settings})
    found = read_table(path, told, datetime.now(UTC).date())
    return {
        symbol: dict(
            zip(found.days[rows].astype(str), found.values["close"][rows].tolist(), strict=True)
        )
        for symbol, rows in found.rows.items()
    }


def refusal_of(path: Path, **settings: object) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(DataError) as caught:
        closes_of(path, **settings)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def market(kind: str, n_assets: int, *, n_days: int = 100, seed: int = 0) -> pd.DataFrame:
    """Return a long table of random walks: coins trade every day, stocks on weekdays."""
    days = pd.date_range(end=LAST, periods=n_days, freq="D" if kind == "coin" else "B")
    draw = np.random.default_rng(seed)
    moves = draw.normal(size=(n_days, 1)) + draw.normal(size=(n_days, n_assets))
    names = [f"{kind}{at:02}" for at in range(n_assets)]
    closes = pd.DataFrame(10 * np.exp(np.cumsum(0.02 * moves, axis=0)), days, names)
    rows = closes.rename_axis(index="date", columns="symbol").stack().rename("close").reset_index()
    return rows.assign(volume=1e6)
