"""The section of clusters: who belongs to which, and how closely they move together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketmap.clustering.base import NOISE
from marketmap.structure import MarketStructure
from reports.styles import ClusterStyle, cluster_styles, swatch_path
from reports.text import asset_labels, signed


@dataclass(frozen=True)
class ClusterRow:
    """One line of the cluster table."""

    cluster: int
    style: ClusterStyle
    swatch: str
    exemplar: str
    size: int
    members: list[str]
    mean_correlation: str
    strongest_edge: str


def cluster_rows(structure: MarketStructure, correlation: pd.DataFrame) -> list[ClusterRow]:
    """Return each cluster's exemplar, members and how closely they move together.

    Assets that belong to none come last, as cluster 0; its exemplar is empty, as is everybody's
    where the method knows no exemplars.
    """
    assets = structure.assets
    labels = asset_labels(assets)
    styles = cluster_styles(assets)
    strongest = _strongest_inside(structure, labels)
    rows = []
    groups = assets.groupby("cluster", sort=True)
    for cluster in sorted(styles, key=lambda one: (one == NOISE, one)):
        members = groups.get_group(cluster)
        style = styles[cluster]
        exemplars = labels[members.index[members["is_exemplar"].to_numpy(dtype=bool)]]
        mean = _mean_inside(correlation.loc[members.index, members.index])
        rows.append(
            ClusterRow(
                cluster=cluster,
                style=style,
                swatch=swatch_path(style.shape),
                exemplar="".join(exemplars[:1]),
                size=len(members),
                members=[str(label) for label in labels[members.index]],
                mean_correlation="" if mean is None else signed(mean, 2),
                strongest_edge=strongest.get(cluster, ""),
            )
        )
    return rows


def _mean_inside(correlation: pd.DataFrame) -> float | None:
    if len(correlation) < 2:
        return None
    return float(correlation.to_numpy()[np.triu_indices(len(correlation), k=1)].mean())


def _strongest_inside(structure: MarketStructure, labels: "pd.Series[str]") -> dict[int, str]:
    cluster = structure.assets["cluster"]
    found: dict[int, str] = {}
    for a, b, partial in structure.edges.itertuples(index=False, name=None):
        if cluster[a] == cluster[b]:
            text = f"{labels[a]} \N{EN DASH} {labels[b]}: {signed(partial)}"
            found.setdefault(int(cluster[a]), text)
    return found
