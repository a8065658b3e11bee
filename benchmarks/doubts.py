"""How often a doubt is raised where there is no reason, and how often none is where there is one.

Simulated returns by seed, and windows of real prices (``../shared/data`` or
``MARKETMAP_SHARED_DATA``)::

    python -m benchmarks.doubts
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.doubts import BEYOND_CHANCE, beyond_chance
from marketmap.errors import DataError
from marketmap.preparation.levels import check_returns

Table = npt.NDArray[np.float64]

DATA = Path(os.environ.get("MARKETMAP_SHARED_DATA", "../shared/data"))
SETS = {
    "crypto_bybit_perps_2020_2025": "symbol",
    "crypto_cmc_23coins_2013_2021": "symbol",
    "crypto_cmc_jessevent_2013_2018": "slug",
    "equities_sp500_2010_2019": "symbol",
}
SEEDS = 200
SHAPES = ((10, 30), (10, 90), (12, 250), (50, 60), (50, 365), (100, 90), (100, 365))
N_SECTORS = 4


def told(returns: Table) -> bool:
    """Return whether returns are told as without structure."""
    n_days, n_assets = returns.shape
    pairs = np.corrcoef(returns.T)[np.triu_indices(n_assets, k=1)]
    return beyond_chance(float((pairs**2).mean()), n_assets, n_days) < BEYOND_CHANCE


def gaussian(draw: np.random.Generator, n_days: int, n_assets: int) -> Table:
    return draw.normal(size=(n_days, n_assets))


def heavy_tailed(draw: np.random.Generator, n_days: int, n_assets: int) -> Table:
    return draw.standard_t(4, size=(n_days, n_assets))


def clustered(draw: np.random.Generator, n_days: int, n_assets: int) -> Table:
    """Draw returns whose volatility comes in storms, each asset's for itself."""
    size = np.zeros(n_assets)
    rows = []
    for _ in range(n_days):
        size = 0.95 * size + 0.15 * draw.normal(size=n_assets)
        rows.append(np.exp(size) * draw.normal(size=n_assets))
    return np.array(rows)


def sectors(share: float) -> Callable[[np.random.Generator, int, int], Table]:
    """Make a market whose sectors have a share of each asset's variance; its tails are heavy."""

    def drawn(draw: np.random.Generator, n_days: int, n_assets: int) -> Table:
        common = draw.normal(size=(n_days, N_SECTORS))[:, np.arange(n_assets) % N_SECTORS]
        own = heavy_tailed(draw, n_days, n_assets) / np.sqrt(2.0)
        return np.sqrt(share) * common + np.sqrt(1 - share) * own

    return drawn


def windows(name: str, n_days: int) -> Iterator[pd.DataFrame]:
    """Give windows of closes, a third of one apart, of the assets that trade throughout."""
    rows = pd.read_parquet(DATA / f"{name}.parquet").drop_duplicates(["date", SETS[name]])
    closes = rows.pivot(index="date", columns=SETS[name], values="close")
    closes = closes.where(closes > 0)
    for end in range(n_days + 1, len(closes), max(n_days // 3, 15)):
        window = closes.iloc[end - n_days - 1 : end].dropna(axis=1)
        window = window.loc[:, window.nunique() > n_days / 2]
        if window.shape[1] >= 10:
            yield window


def refused(table: pd.DataFrame) -> bool:
    try:
        check_returns(table, stacklevel=1)
    except DataError:
        return True
    return False


def main() -> None:
    draw = np.random.default_rng(0)
    print(f"told as without structure, of {SEEDS} markets:")
    kinds = {"Gaussian": gaussian, "t(4)": heavy_tailed, "storms": clustered}
    kinds |= {f"sectors {share:.0%}": sectors(share) for share in (0.05, 0.1, 0.2, 0.4)}
    print("assets x days", *kinds, sep=" | ")
    for n_assets, n_days in SHAPES:
        rates = [
            sum(told(make(draw, n_days, n_assets)) for _ in range(SEEDS)) / SEEDS
            for make in kinds.values()
        ]
        print(f"{n_assets} x {n_days}", *(f"{rate:.1%}" for rate in rates), sep=" | ")
    print("real windows: told as without structure; returns, closes, log closes refused as levels")
    for name in SETS if DATA.is_dir() else ():
        for n_days in (30, 60, 90, 365):
            found = [
                (
                    told((returns := np.log(window).diff().iloc[1:]).to_numpy()),
                    refused(returns),
                    refused(window),
                    refused(np.log(window) - np.log(window.iloc[0])),
                )
                for window in windows(name, n_days)
            ]
            if found:
                print(name, n_days, f"{len(found)} windows:", *np.sum(found, axis=0))


if __name__ == "__main__":
    main()
