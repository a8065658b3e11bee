"""Runs made by hand, so that what is stored can be tested without fitting anything."""

from collections.abc import Sequence
from datetime import date
from zlib import crc32

import numpy as np
import pandas as pd

from marketmap.frames import listing_frame, price_frame
from marketmap.graphs.partial_correlation import edge_graph, partial_correlations
from marketmap.run import Finding, MapRun
from marketmap.settings import MapSettings
from marketmap.structure import (
    Clustering,
    Diagnostics,
    Layout,
    MarketStructure,
    Matrices,
)
from marketmap.universe.select import Universe
from storage import Database

AS_OF = date(2026, 1, 31)
N_DAYS = 40
FIRST_DAY = "2025-06-01"
MISSING_DAY = "2026-01-05"
STRANGE_NAMES = (
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE runs; --",
    'a "quoted" name',
    "日本円 🪙 Ünïcödé",
    "back\\slash and\ttab",
)


def make_settings(
    kind: str = "coinmarketcap", window_days: int = N_DAYS, threshold: float = 0.02
) -> MapSettings:
    """Settings of a map; another ``threshold`` makes another run of the same day."""
    return MapSettings.model_validate(
        {
            "source": {"kind": kind},
            "window_days": window_days,
            "model": {"graph": {"edge_threshold": threshold}},
        }
    )


def make_run(
    map_name: str = "crypto",
    as_of: date = AS_OF,
    seed: int = 0,
    n_assets: int = 8,
    settings: MapSettings | None = None,
    names: Sequence[str] = STRANGE_NAMES,
) -> MapRun:
    """Make a run whose numbers are random but the same for the same arguments."""
    settings = settings or make_settings()
    draw = np.random.default_rng(seed)
    ids = pd.Index([str(1000 + i) for i in range(n_assets)], name="asset_id", dtype="str")
    # Two assets share a symbol: only the id is a key.
    symbols = [f"C{max(i, 1)}" for i in range(n_assets)]
    labels = pd.DataFrame(
        {"symbol": symbols, "name": [names[i % len(names)] for i in range(n_assets)]},
        index=ids,
        dtype="str",
    )
    return MapRun(
        map=map_name,
        as_of=as_of,
        settings=settings,
        source=settings.source.kind,
        universe=_universe(labels, as_of, settings, draw),
        structure=_structure(labels, as_of, settings, draw),
        survivors_only=True,
        notes=("3 assets came too late: A, B, C", "it's so"),
    )


def raw_prices(run: MapRun) -> pd.DataFrame:
    """Return the raw prices of a run's universe, as its source would."""
    closes, opens = _raw_tables(run.universe.closes.columns, run.universe.closes.index)
    rows = closes.melt(ignore_index=False, value_name="close").reset_index()
    rows["open"] = opens.melt(ignore_index=False, value_name="open")["open"].to_numpy()
    return price_frame(rows)


def listing_of(run: MapRun) -> pd.DataFrame:
    """Return a listing with the run's assets and those it excluded."""
    assets = run.universe.assets.reset_index()
    listed = listing_frame(pd.concat([assets, run.universe.exclusions], ignore_index=True))
    listed.at[0, "tags"] = ["layer-1", "it's mineable"]
    return listed


def store(database: Database, *runs: MapRun) -> None:
    """Keep runs with the listings and prices behind them, as a flow would."""
    for run in runs:
        database.save_listing(run.source, run.as_of, listing_of(run))
        database.upsert_prices(run.source, raw_prices(run))
        database.save_run(run)


def _raw_tables(ids: pd.Index, days: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw closes and opens: the same of an asset's day in every run, and one day is missing."""
    always = pd.date_range(FIRST_DAY, days[-1], freq="D", unit="us")
    walks = {
        asset_id: 0.03 * np.random.default_rng(crc32(asset_id.encode())).normal(size=len(always))
        for asset_id in ids
    }
    closes = 100 * np.exp(pd.DataFrame(walks, index=always).cumsum())
    opens = closes.shift(1)
    for table in (closes, opens):
        table.columns = ids
        table.loc[MISSING_DAY, ids[2]] = np.nan
    closes, opens = closes.reindex(days), opens.reindex(days)
    return closes, opens


def _universe(
    labels: pd.DataFrame, as_of: date, settings: MapSettings, draw: np.random.Generator
) -> Universe:
    ids = labels.index
    days = pd.date_range(end=as_of, periods=settings.window_days + 1, freq="D", unit="us")
    days = pd.DatetimeIndex(days.to_numpy(), name="date")
    closes, opens = _raw_tables(ids, days)
    repaired_on = days[20]
    for table in (closes, opens):
        table.loc[table.index < repaired_on, ids[1]] *= 0.125
    assets = labels.assign(
        rank=np.arange(1, len(ids) + 1),
        market_cap=np.where(np.arange(len(ids)) % 3 == 0, np.nan, 1e9 / np.arange(1, len(ids) + 1)),
        turnover=draw.uniform(1e6, 1e7, len(ids)),
        last_close=closes.iloc[-1].to_numpy(),
    )
    return Universe(
        assets=assets,
        closes=closes,
        opens=opens,
        exclusions=pd.DataFrame(
            {
                "asset_id": ["825", "3408"],
                "symbol": ["USDT", "USDC"],
                "name": ["Tether", STRANGE_NAMES[0]],
                "rank": [100, 101],
                "reason": ["tag", "pegged"],
                "detail": ["tagged stablecoin", "daily volatility 0.0004, below 0.003"],
            }
        ).astype({"asset_id": "str"}),
        repairs=pd.DataFrame(
            {
                "asset_id": [ids[1]],
                "symbol": [labels["symbol"].iloc[1]],
                "name": [labels["name"].iloc[1]],
                "date": pd.DatetimeIndex([repaired_on]),
                "factor": [0.125],
                "reason": ["redenomination"],
                "detail": ["price x 8 while volume / 8"],
            }
        ),
        cut=pd.DataFrame(
            {
                "asset_id": ["2010", "52"],
                "symbol": ["ADA", "XRP"],
                "name": ["Cardano", STRANGE_NAMES[0]],
                "rank": [102, 103],
            }
        ).astype({"asset_id": "str"}),
    )


def _structure(
    labels: pd.DataFrame, as_of: date, settings: MapSettings, draw: np.random.Generator
) -> MarketStructure:
    ids, n_assets = labels.index, len(labels)
    # The run's own order is not that of the ranks: nothing may rely on it.
    order = draw.permutation(n_assets)
    root = draw.normal(size=(n_assets, 3 * n_assets))
    covariance = root @ root.T / root.shape[1]
    scale = np.sqrt(np.diag(covariance))
    precision = np.linalg.inv(covariance)
    precision = (precision + precision.T) / 2
    cluster = np.sort(draw.integers(1, 4, n_assets))
    _, cluster = np.unique(cluster, return_inverse=True)
    firsts = np.unique(cluster, return_index=True)[1]

    def labelled(matrix: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(matrix, index=ids, columns=ids).iloc[order, order]

    matrices = Matrices(
        correlation=labelled(covariance / np.outer(scale, scale)),
        covariance=labelled(covariance),
        precision=labelled(precision),
    )
    clustering = Clustering(
        name="affinity_propagation",
        labels=pd.Series(cluster + 1, index=ids, name="cluster").iloc[order],
        exemplars=pd.Series(
            ids[firsts], index=pd.RangeIndex(1, len(firsts) + 1, name="cluster"), name="exemplar"
        ),
        diagnostics={"converged": True, "n_iter": 63},
    )
    layouts = [
        Layout(
            f"lle_{n}d",
            pd.DataFrame(
                draw.normal(size=(n_assets, n)), index=ids[order], columns=list("xyz"[:n])
            ),
            {"error": (n - 1) * 1e-9 / 7},
        )
        for n in (2, 3)
    ]
    graph = edge_graph(
        partial_correlations(matrices.precision), settings.model.graph.edge_threshold
    )
    return MarketStructure(
        labels=labels.iloc[order],
        clusterings={clustering.name: clustering},
        layouts={layout.name: layout for layout in layouts},
        graphs={graph.name: graph},
        cv_scores=pd.DataFrame(
            {
                "alpha": [0.01, 0.1, 1 / 3],
                "mean_score": [-np.inf, -12.3456789, -13.1],
                "std_score": [np.nan, 0.1, 0.2],
            }
        ),
        diagnostics=Diagnostics(
            n_assets=n_assets,
            n_days=settings.window_days,
            window_start=(pd.Timestamp(as_of) - pd.Timedelta(settings.window_days - 1, "D")).date(),
            window_end=as_of,
            n_filled=1,
            mean_correlation=0.1 + 0.7,
            alpha=0.1 + 0.2,
            failed_fits=1,
            converged=True,
            n_iter=17,
            duality_gap=1e-5 / 3,
            condition_number=float(np.linalg.cond(precision)),
            mean_square_correlation=0.1 + 0.2,
            explained=0.1 + 0.7,
            most_explained=3,
        ),
        matrix_source=matrices,
    )


def make_recovery(run: MapRun) -> Finding:
    """Make the finding that a simulated market's run has."""
    found = pd.DataFrame(
        {"this": [0.95], "mean": [0.93], "worst": [0.9000000000000001], "n_seeds": [10]}
    )
    return Finding("recovery", run.run_id, run.as_of, (run.run_id,), "0" * 64, {"recovery": found})
