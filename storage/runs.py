"""A run becomes rows: everything that it found, in one transaction."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.structure import MarketStructure
from storage.statements import statement

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

MATRICES = ("correlation", "covariance", "precision")

_TEXTS = pa.list_(pa.string())
_DAYS = pa.list_(pa.date32())
_VERSIONS = pa.map_(pa.string(), pa.string())
_ROW = pa.list_(pa.float64())


def save_run(connection: duckdb.DuckDBPyConnection, run: MapRun) -> None:
    """Replace a run's rows in every table; see :meth:`storage.Database.save_run`."""
    tables = run_tables(run, datetime.now(UTC))
    for name, table in tables.items():
        connection.register(f"new_{name}", table)
    connection.execute(statement("replace_run"))
    for name in tables:
        connection.unregister(f"new_{name}")


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
    frames = {
        "run_assets": structure.assets.join(chosen[list(CHOSEN)]).reset_index(),
        "run_edges": structure.edges,
        "run_positions": pd.concat(
            [
                positions.reindex(columns=["x", "y", "z"]).reset_index().assign(layout=layout)
                for layout, positions in structure.positions.items()
            ]
        ),
        "run_cv_scores": structure.cv_scores,
        "run_exclusions": _placed(universe.exclusions),
        "run_repairs": _placed(universe.repairs),
    }
    frames["run_assets"] = _placed(frames["run_assets"])
    tables = {
        name: pa.Table.from_pandas(frame.assign(run_id=run.run_id), preserve_index=False)
        for name, frame in frames.items()
    }
    tables["run_matrices"] = _matrix_rows(run.run_id, structure)
    tables["runs"] = _run_row(run, created_at)
    return tables


def library_versions() -> dict[str, str]:
    """Tell the versions of Python and of the libraries that a map depends on."""
    return {"python": python_version(), **{name: version(name) for name in LIBRARIES}}


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=range(len(frame)))


def _matrix_rows(run_id: str, structure: MarketStructure) -> pa.Table:
    ids = structure.assets.index
    matrices: Mapping[str, pd.DataFrame] = {name: getattr(structure, name) for name in MATRICES}
    rows = {
        name: pa.array(list(matrix.loc[ids, ids].to_numpy("float64")), _ROW)
        for name, matrix in matrices.items()
    }
    return pa.table({"run_id": [run_id] * len(ids), "place": range(len(ids)), **rows})


def _run_row(run: MapRun, created_at: datetime) -> pa.Table:
    recovery = dataclasses.asdict(run.recovery) if run.recovery is not None else {}
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
        "edge_threshold": run.structure.edge_threshold,
        **dataclasses.asdict(run.structure.diagnostics),
        **{f"recovery_{name}": value for name, value in recovery.items()},
    }
    columns = {name: pa.array([value]) for name, value in row.items()}
    columns["notes"] = pa.array([list(run.notes)], _TEXTS)
    columns["calendar"] = pa.array([list(calendar.date)], _DAYS)
    columns["versions"] = pa.array([list(library_versions().items())], _VERSIONS)
    return pa.table(columns)
