"""A run becomes rows: everything that it found, in one transaction."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from marketmap.clustering.base import Clustering
from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.settings import KeepSettings
from marketmap.structure import MarketStructure
from storage.engine.sql_files import statement
from storage.runs import matrices
from storage.safety.manifest import MadeRun

LIBRARIES = (
    "marketmap",
    "duckdb",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
)
CHOSEN = ("rank", "market_cap", "turnover", "last_close", "price_source")
"""What a universe tells of an asset beside its labels."""

DERIVED = ("n_clusters", "n_edges")
"""Diagnostics that are stored so that nobody has to count the rows that hold them as well."""

_TEXTS = pa.list_(pa.string())
_DAYS = pa.list_(pa.date32())
_VERSIONS = pa.map_(pa.string(), pa.string())


def save_run(
    connection: duckdb.DuckDBPyConnection, run: MapRun, folder: Path, keep: KeepSettings
) -> MadeRun:
    """Replace a run's rows in every table; see :meth:`storage.Database.save_run`.

    Its matrices go to ``folder`` before any row names them. Returns what the manifest is to hold.
    """
    made_at = datetime.now(UTC)
    tables = run_tables(run, made_at)
    digest = pa.array([matrices.write(folder, run)])
    tables["runs"] = tables["runs"].append_column("matrices", digest)
    for name, table in tables.items():
        connection.register(f"new_{name}", table)
    connection.execute(statement("replace_run"))
    for name in tables:
        connection.unregister(f"new_{name}")
    known = {"run_id": run.run_id, "as_of": run.as_of}
    connection.execute(statement("record_checksums"), known)
    row = connection.execute(statement("record_checksum_of_run"), known).fetchone()
    retention = {"newest": keep.matrices, "monthly": keep.monthly_matrices}
    connection.execute(statement("forget_matrices"), retention)
    return MadeRun(run.run_id, run.map, run.as_of, made_at, str(row[0] if row else ""))


def run_tables(run: MapRun, created_at: datetime) -> dict[str, pa.Table]:
    """Lay a run out as the rows of each ``store.run*`` table."""
    structure, universe = run.structure, run.universe
    if set(structure.assets.index) != set(universe.assets.index):
        raise StorageError(
            f"map {run.map} on {run.as_of}: not stored, its structure and its universe differ in "
            "their assets"
        )
    chosen = universe.assets
    if "price_source" not in chosen:  # made where all prices come from one source
        chosen = chosen.assign(price_source=run.source)
    dated = {
        "run_diagnostics": _diagnostics(run),
        "run_assets": _placed(structure.labels.join(chosen[list(CHOSEN)]).reset_index()),
        "run_clusters": pd.concat([_members(one) for one in structure.clusterings.values()]),
        "run_positions": pd.concat(
            [
                layout.positions.reindex(columns=["x", "y", "z"]).reset_index().assign(layout=name)
                for name, layout in structure.layouts.items()
            ]
        ),
        "run_edges": pd.concat(
            [graph.edges.assign(graph=name) for name, graph in structure.graphs.items()]
        ),
        "run_correlations": _correlations(structure),
    }
    frames = {
        **{name: frame.assign(as_of=run.as_of) for name, frame in dated.items()},
        "run_cv_scores": structure.cv_scores,
        "run_exclusions": _placed(universe.exclusions),
        "run_repairs": _placed(universe.repairs),
        "run_cut": _placed(universe.cut),
    }
    tables = {
        name: pa.Table.from_pandas(frame.assign(run_id=run.run_id), preserve_index=False)
        for name, frame in frames.items()
    }
    tables["runs"] = _run_row(run, created_at)
    return tables


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a map depends on."""
    return {"python": python_version(), **{name: version(name) for name in LIBRARIES}}


def _diagnostics(run: MapRun) -> pd.DataFrame:
    """Lay the figures of all parts out, one row per figure; dates stand in the run's own row."""
    structure = run.structure
    model = dataclasses.asdict(structure.diagnostics)
    parts: dict[str, Mapping[str, object]] = {
        "model": {name: value for name, value in model.items() if not isinstance(value, date)}
    }
    for name, clustering in structure.clusterings.items():
        figures = {**clustering.diagnostics, "n_clusters": clustering.n_clusters}
        parts[f"clustering:{name}"] = figures
    for name, layout in structure.layouts.items():
        parts[f"layout:{name}"] = layout.diagnostics
    for name, graph in structure.graphs.items():
        parts[f"graph:{name}"] = {**graph.diagnostics, "n_edges": len(graph.edges)}
    rows = [(part, name, value) for part, own in parts.items() for name, value in own.items()]
    frame = pd.DataFrame(rows, columns=["part", "name", "value"])
    return frame.astype({"part": "str", "name": "str", "value": "float64"})


def _members(clustering: Clustering) -> pd.DataFrame:
    """Lay a clustering out, one row per asset."""
    labels, exemplars = clustering.labels, clustering.exemplars
    is_exemplar = None if exemplars is None else labels.index.isin(set(exemplars))
    flags = pd.array([None] * len(labels) if is_exemplar is None else is_exemplar, dtype="boolean")
    return pd.DataFrame(
        {
            "clustering": clustering.name,
            "asset_id": labels.index,
            "cluster": labels.to_numpy(),
            "is_exemplar": flags,
        }
    )


def _correlations(structure: MarketStructure) -> pd.DataFrame:
    """Lay the matrices that people query out, one row per pair of assets."""
    ids = structure.correlation.index
    a, b = np.triu_indices(len(ids), 1)
    partial = structure.partial_correlation.loc[ids, ids]
    return pd.DataFrame(
        {
            "asset_id_a": ids[a],
            "asset_id_b": ids[b],
            "correlation": structure.correlation.loc[ids, ids].to_numpy()[a, b],
            "partial_correlation": partial.to_numpy()[a, b],
        }
    )


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=range(len(frame)))


def _run_row(run: MapRun, created_at: datetime) -> pa.Table:
    structure = run.structure
    calendar = pd.DatetimeIndex(run.universe.closes.index)
    row: dict[str, Any] = {
        "run_id": run.run_id,
        "map": run.map,
        "as_of": run.as_of,
        "created_at": created_at.astimezone(UTC).replace(tzinfo=None),
        "settings_digest": run.settings.digest,
        "settings": run.settings.as_json(),
        "source": run.source,
        "is_simulated": run.is_simulated,
        "survivors_only": run.survivors_only,
        "window_start": run.structure.diagnostics.window_start,
        "window_end": run.structure.diagnostics.window_end,
    }
    columns = {name: pa.array([value]) for name, value in row.items()}
    named = {"clusterings": structure.clusterings, "layouts": structure.layouts}
    for name, given in {**named, "graphs": structure.graphs}.items():
        columns[name] = pa.array([list(given)], _TEXTS)
    columns["notes"] = pa.array([list(run.notes)], _TEXTS)
    columns["calendar"] = pa.array([list(calendar.date)], _DAYS)
    columns["versions"] = pa.array([list(library_versions().items())], _VERSIONS)
    return pa.table(columns)
