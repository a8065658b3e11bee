"""How often an unadjusted split is repaired where only prices are known, and what is taken for one.

``make study-splits`` on the S&P 500 of ``../shared/data``; a minute and a half. Each split is
planted into one stock on one day of a window of 250 sessions; the rest stays as it is.
"""

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.windows import FOLDER
from marketmap.universe.gates import log_prices
from marketmap.universe.jumps import Track
from marketmap.universe.repairs import Finding, inspect

RATIOS = (1.5, 2.0, 3.0, 4.0, 0.5)
KINDS = {"closes": (), "open and close": ("open",), "bars": ("open", "high", "low")}
SPANS = {"2010-14": slice(0, 1250), "2015-19": slice(1250, None)}
N_DAYS = 250
N_PLANTED = 400
FLAWED = {"BHF"}
"""Its rows before 2017 are another company's."""
JUMP = 3.0


def judge(logs: dict[str, pd.DataFrame], symbol: str, market: pd.Series) -> Finding:
    """Judge one stock in a window of which only prices are known."""
    known = logs["close"][symbol].notna()
    nothing = np.full(int(known.sum()), np.nan)
    fields = {
        name: logs[name].loc[known, symbol].to_numpy() if name in logs else nothing
        for name in ("open", "high", "low", "close", "market_cap", "turnover")
    }
    days = pd.DatetimeIndex(logs["close"].index[known])
    track = Track(days, market=market[known].to_numpy(), **fields)
    return inspect(track, JUMP, trades_every_day=False, uses_opens=False)


def windows(span: slice, kind: str) -> Iterator[tuple[dict[str, pd.DataFrame], pd.Series]]:
    """Yield each window's log prices and the market's moves."""
    prices = pd.read_parquet(FOLDER / "equities_sp500_2010_2019.parquet")
    prices = prices[~prices["symbol"].isin(FLAWED)]
    logs = {
        name: log_prices(prices.pivot(index="date", columns="symbol", values=name))
        for name in ("close", *KINDS[kind])
    }
    n_days = len(logs["close"].iloc[span])
    for start in range(0, n_days - N_DAYS, N_DAYS):
        window = {
            name: table.iloc[span].iloc[start : start + N_DAYS] for name, table in logs.items()
        }
        yield window, window["close"].diff().median(axis=1).fillna(0.0)


def planted(span: slice, kind: str, ratio: float, seed: int = 0) -> Counter[str]:
    """Plant splits, each alone, and count what becomes of them."""
    draw = np.random.default_rng(seed)
    outcomes: Counter[str] = Counter()
    for window, market in windows(span, kind):
        whole = window["close"].columns[window["close"].notna().all()]
        for _ in range(N_PLANTED):
            symbol, row = str(draw.choice(whole)), int(draw.integers(10, N_DAYS - 5))
            split = {name: table[[symbol]].copy() for name, table in window.items()}
            for table in split.values():
                table.iloc[:row] += math.log(ratio)
            found = judge(split, symbol, market)
            day = split["close"].index[row].date()
            mine = [repair for repair in found.repairs if repair.day == day]
            outcomes["excluded" if found.jump else mine[0].reason if mine else "not seen"] += 1
    return outcomes


def mistaken(span: slice, kind: str) -> tuple[int, Counter[str], list[str]]:
    """Judge the stocks as they are: stock-years, and what is taken for a split."""
    outcomes: Counter[str] = Counter()
    n_windows, named = 0, []
    for window, market in windows(span, kind):
        for symbol in window["close"].columns[window["close"].notna().sum() > N_DAYS / 2]:
            n_windows += 1
            found = judge(window, symbol, market)
            outcomes.update(repair.reason for repair in found.repairs)
            named += [
                f"{symbol} {repair.day} {repair.factor:.3g}"
                for repair in found.repairs
                if repair.reason == "split_by_form"
            ]
    return n_windows, outcomes, named


def main() -> None:
    """Print the shares, span by span."""
    for label, span in SPANS.items():
        for kind in KINDS:
            for ratio in RATIOS:
                outcomes = planted(span, kind, ratio)
                n = outcomes.total()
                shares = ", ".join(
                    f"{name} {count / n:.1%}" for name, count in outcomes.most_common()
                )
                print(f"{label}, {kind}, {ratio:g}:1 planted {n} times: {shares}")
            n_windows, outcomes, named = mistaken(span, kind)
            print(f"{label}, {kind}, as it is, {n_windows} stock-years: {dict(outcomes)} {named}")


if __name__ == "__main__":
    main()
