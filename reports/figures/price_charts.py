"""Small price charts, as SVG paths, grouped by cluster."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from marketmap.run import MapRun
from reports.styles import SINGLE, cluster_styles
from reports.text import asset_labels, change, number

WIDTH, HEIGHT = 1000, 400  # of the SVG's own grid; the page scales it


@dataclass(frozen=True)
class PriceChart:
    """One asset's chart: its name, its path and what became of its price."""

    label: str
    name: str
    is_exemplar: bool
    path: str
    change: str
    title: str


@dataclass(frozen=True)
class ChartGroup:
    """The charts of one cluster, all on one scale; ``cluster`` is None for those alone in one."""

    cluster: int | None
    colour: str
    average: str
    start: int
    low: str
    high: str
    charts: list[PriceChart]


def price_charts(run: MapRun) -> list[ChartGroup]:
    """Draw every asset's closes, rebased to 1 on its first day, on a log scale a cluster."""
    assets = run.structure.assets
    closes = run.universe.closes.reindex(columns=assets.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(closes.to_numpy(dtype="float64"))
    rebased = logs - _first_known(logs)
    styles = cluster_styles(assets)
    labels = asset_labels(assets)
    lead = assets["is_exemplar"].to_numpy(dtype=bool)
    groups = []
    for cluster, members in _members_by_cluster(run):
        values = rebased[:, members]
        low, high = _padded(values)
        charts = [
            PriceChart(
                label=str(labels.iloc[place]),
                name=str(assets["name"].iloc[place]),
                is_exemplar=bool(lead[place]) and cluster is not None,
                path=_path(rebased[:, place], low, high),
                change=change(_last_factor(rebased[:, place])),
                title=_title(rebased[:, place]),
            )
            for place in members
        ]
        groups.append(
            ChartGroup(
                cluster=cluster,
                colour=SINGLE if cluster is None else styles[cluster].colour,
                average="" if cluster is None else _path(_average(values), low, high),
                start=round(float(_heights(np.zeros(1), low, high)[0])),
                low=_factor(low),
                high=_factor(high),
                charts=charts,
            )
        )
    return groups


def _members_by_cluster(run: MapRun) -> Iterator[tuple[int | None, npt.NDArray[np.intp]]]:
    """Return the places of each cluster's assets, its exemplar first; those alone come last."""
    assets = run.structure.assets
    exemplar = assets["is_exemplar"].to_numpy(dtype=bool)
    sizes = assets["cluster"].value_counts()
    for cluster in sorted(int(c) for c in sizes.index[sizes > 1]):
        members = np.flatnonzero(assets["cluster"] == cluster)
        yield cluster, members[np.argsort(~exemplar[members], kind="stable")]
    alone = np.flatnonzero(assets["cluster"].map(sizes) == 1)
    if len(alone):
        yield None, alone


def _factor(log: float) -> str:
    return "\N{MULTIPLICATION SIGN}" + number(float(np.exp(log)), 2)


def _first_known(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known = np.isfinite(logs)
    first = logs[known.argmax(axis=0), np.arange(logs.shape[1])]
    return np.asarray(np.where(known.any(axis=0), first, np.nan), dtype=np.float64)


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    known: npt.NDArray[np.float64] = values[np.isfinite(values)]
    return known


def _last_factor(values: npt.NDArray[np.float64]) -> float:
    known = _known(values)
    return float(np.exp(known[-1])) if len(known) else 1.0


def _title(values: npt.NDArray[np.float64]) -> str:
    known = _known(values)
    if not len(known):
        return "no prices"
    return (
        f"from 1 to {number(float(np.exp(known[-1])), 3)}; lowest "
        f"{number(float(np.exp(known.min())), 3)}, highest {number(float(np.exp(known.max())), 3)}"
    )


def _padded(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the scale's ends: the extremes, and at least 10 % up and down."""
    known = _known(values)
    return min(known.min(initial=0.0), np.log(0.9)), max(known.max(initial=0.0), np.log(1.1))


def _average(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Average the log prices of the assets that have one on a day."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _heights(values: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    return (high - values) / (high - low) * HEIGHT


def _path(values: npt.NDArray[np.float64], low: float, high: float) -> str:
    """Write a line as an SVG path in whole steps; a missing day breaks it."""
    x = np.round(np.linspace(0, WIDTH, len(values))).astype(int)
    y = _heights(values, low, high)
    parts = []
    last: tuple[int, int] | None = None
    for across, down in zip(x.tolist(), y.tolist(), strict=True):
        if not np.isfinite(down):
            last = None
            continue
        here = (across, round(down))
        if last is None:
            parts.append(f"M{here[0]} {here[1]}")
        else:
            step = here[1] - last[1]
            parts.append(f"l{here[0] - last[0]}{' ' if step >= 0 else ''}{step}")
        last = here
    return "".join(parts)
