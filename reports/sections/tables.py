"""The page's tables: clusters, strongest edges, exclusions and repairs, settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from marketmap.run import MapRun
from marketmap.settings import MapSettings
from marketmap.structure import MarketStructure
from reports.styles import ClusterStyle, cluster_styles, swatch_path
from reports.text import asset_labels, number, signed

N_STRONGEST = 25


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


@dataclass(frozen=True)
class EdgeRow:
    """One line of a table of edges."""

    a: str
    b: str
    partial_correlation: str
    correlation: str
    share: float
    where: str


def cluster_rows(structure: MarketStructure) -> list[ClusterRow]:
    """Return each cluster's exemplar, members and how closely they move together."""
    assets = structure.assets
    labels = asset_labels(assets)
    styles = cluster_styles(assets)
    strongest = _strongest_inside(structure, labels)
    rows = []
    for number_of, members in assets.groupby("cluster", sort=True):
        cluster = int(str(number_of))
        style = styles[cluster]
        exemplar = labels[members.index[members["is_exemplar"].to_numpy(dtype=bool)][0]]
        mean = _mean_inside(structure.correlation.loc[members.index, members.index])
        rows.append(
            ClusterRow(
                cluster=cluster,
                style=style,
                swatch=swatch_path(style.shape),
                exemplar=str(exemplar),
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


def edge_rows(structure: MarketStructure, sign: int) -> list[EdgeRow]:
    """List the strongest edges of one sign (1 or -1)."""
    edges = structure.edges
    chosen = edges[edges["partial_correlation"] * sign > 0].head(N_STRONGEST)
    strongest = edges["partial_correlation"].abs().max()
    labels, cluster = asset_labels(structure.assets), structure.assets["cluster"]
    return [
        EdgeRow(
            a=str(labels[a]),
            b=str(labels[b]),
            partial_correlation=signed(partial),
            correlation=signed(float(structure.correlation.loc[a, b]), 2),
            share=round(abs(partial) / strongest * 100, 1),
            where=f"inside {cluster[a]}"
            if cluster[a] == cluster[b]
            else f"{cluster[a]} \N{LEFT RIGHT ARROW} {cluster[b]}",
        )
        for a, b, partial in chosen.itertuples(index=False, name=None)
    ]


def exclusion_counts(run: MapRun, reasons: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Count the exclusions: reason, what it means, how many; the most frequent first."""
    counts = run.universe.exclusions["reason"].astype("str").value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [(str(reason), reasons.get(str(reason), ""), int(n)) for reason, n in ordered]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows to a template, dates as days."""
    shown = frame.copy()
    if "date" in shown:
        shown["date"] = pd.to_datetime(shown["date"]).dt.strftime("%Y-%m-%d")
    return [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]


def setting_rows(settings: MapSettings) -> list[tuple[str, str]]:
    """List every setting by its path in config.yaml, as ``model.graph.edge_threshold``."""
    return list(_flat("", settings.model_dump(mode="json")))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        yield path, ", ".join(str(item) for item in value) or "none"
    else:
        yield path, "not set" if value is None else str(value)


def diagnostic_rows(structure: MarketStructure) -> list[tuple[str, str, str]]:
    """List the model's diagnostics: name, value, what it says."""
    found = structure.diagnostics
    yes_no = {True: "yes", False: "no"}
    return [
        (
            "Penalty alpha",
            number(found.alpha),
            "chosen by cross-validation; larger keeps fewer edges",
        ),
        (
            "Penalties tried",
            f"{len(structure.cv_scores)}, of which {found.failed_fits} failed",
            "a failed one has no score and could not be chosen",
        ),
        (
            "Final fit converged",
            f"{yes_no[found.converged]}, after {found.n_iter} iterations",
            "whether the solver reached its tolerance",
        ),
        ("Duality gap", number(found.duality_gap), "how far the fit may be from the best one"),
        (
            "Condition number",
            number(found.condition_number),
            "of the precision matrix; the larger, the more noise is amplified",
        ),
        (
            "Clusters settled",
            f"{yes_no[found.clusters_converged]}, after {found.cluster_iterations} iterations",
            "whether affinity propagation stopped changing its mind",
        ),
        (
            "Embedding error",
            (
                f"{number(found.embedding_error_2d, 3)} in 2D, "
                f"{number(found.embedding_error_3d, 3)} in 3D"
            ),
            "0 when each asset is the same mix of its neighbours on the map as in the data",
        ),
        ("Filled returns", f"{found.n_filled:,}", "were missing and set to their asset's mean"),
    ]
