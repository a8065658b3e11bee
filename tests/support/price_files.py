"""Small files of prices, written by hand."""

from datetime import date
from pathlib import Path

import pandas as pd


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
