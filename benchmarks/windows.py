"""Windows of real prices, of several markets, sizes and times, as the estimator gets them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import KFold

FOLDER = Path(
    os.environ.get("MARKETMAP_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data")
)
FILES = {
    "perps": ("crypto_bybit_perps_2020_2025.parquet", "close"),
    "stocks": ("equities_sp500_2010_2019.parquet", "adj_close"),
    "coins": ("crypto_cmc_23coins_2013_2021.parquet", "close"),
    "coins44": ("crypto_cmc_jessevent_2013_2018.parquet", "close"),
}
SIZES = {  # assets x days, and the days from one window to the next
    "perps": ([(50, 90), (50, 250), (50, 365), (100, 250), (100, 365)], 180),
    "stocks": ([(48, 30), (50, 250), (100, 250), (120, 500)], 200),
    "coins": ([(23, 14), (23, 90), (23, 365)], 250),
    "coins44": ([(48, 14), (48, 90), (48, 365)], 200),
}
ONCE = {  # larger ones, and fewer days than assets, at the last day only
    "perps": [(200, 365), (200, 730), (100, 50), (100, 60)],
    "stocks": [(200, 500), (100, 50)],
}
WHERE = f"no folder with {FILES['perps'][0]} and the others; name it by MARKETMAP_SHARED_DATA"
"""What to say where the real prices are not; they are no part of the project."""
FEWEST = 5
STILL = 1e-8
FOLLOWING = 30
"""Days after a window on which a fit is judged, where there are so many."""


@dataclass(frozen=True, eq=False)
class Window:
    """Returns of shape (n_days, n_assets), standardised, and those of the days that followed.

    ``scale`` holds the deviation of each asset's log returns, by which they were divided.
    """

    market: str
    last_day: str
    returns: npt.NDArray[np.float64]
    following: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    def __str__(self) -> str:
        n_days, n_assets = self.returns.shape
        return f"{self.market} {n_assets} x {n_days} to {self.last_day}"


def closes(market: str) -> pd.DataFrame:
    """Read a market's closes, the most traded assets first; days x assets."""
    name, column = FILES[market]
    prices = pd.read_parquet(FOLDER / name).drop_duplicates(["date", "symbol"])
    table = prices.pivot(index="date", columns="symbol", values=column)
    if market != "perps":
        return table
    turnover = prices.pivot(index="date", columns="symbol", values="turnover")
    return table[turnover.mean().sort_values(ascending=False, kind="stable").index]


def window(table: pd.DataFrame, market: str, end: int, n_assets: int, n_days: int) -> Window | None:
    """Take the returns of the days before row ``end``; None where fewer than five assets have all.

    Assets with a gap are left out, and those that stand still in the days that some fold is fitted
    to, where no solver has a solution.
    """
    if end < n_days + 1:
        return None
    prices = table.iloc[end - n_days - 1 : end].dropna(axis=1)
    returns = np.log(prices).diff().iloc[1:]
    moves = [returns.iloc[train].std() > STILL for train, _ in KFold(5).split(returns)]
    returns = returns.loc[:, np.all(moves, axis=0)].iloc[:, :n_assets]
    if returns.shape[1] < FEWEST:
        return None
    center, scale = returns.mean(), returns.std(ddof=0)
    after = np.log(table.iloc[end - 1 : end + FOLLOWING]).diff().iloc[1:][returns.columns]
    following = ((after - center) / scale).dropna()
    return Window(
        market,
        str(pd.Timestamp(returns.index[-1]).date()),
        ((returns - center) / scale).to_numpy(),
        following.to_numpy(),
        scale.to_numpy(),
    )


def windows() -> Iterator[Window]:
    """Return all windows of the study, each once."""
    seen = set()
    for market, (sizes, step) in SIZES.items():
        table = closes(market)
        wanted = [(len(table), size) for size in ONCE.get(market, [])]
        wanted += [(end, size) for end in range(len(table), 400, -step) for size in sizes]
        for end, (n_assets, n_days) in wanted:
            found = window(table, market, end, n_assets, n_days)
            if found is not None and str(found) not in seen:
                seen.add(str(found))
                yield found


def days(market: str, n_assets: int, n_days: int, n_windows: int) -> Iterator[Window]:
    """Return the windows that end on each of the last days, of the same assets."""
    table = closes(market).iloc[-n_windows - n_days :].dropna(axis=1).iloc[:, :n_assets]
    for end in range(len(table) - n_windows + 1, len(table) + 1):
        found = window(table, market, end, n_assets, n_days)
        assert found is not None
        yield found
