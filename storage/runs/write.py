"""A run becomes rows: everything that it found, in one transaction."""

import dataclasses
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import StorageError
from marketmap.run import MapRun
from marketmap.settings import KeepSettings
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

DATED = ("run_assets", "run_edges", "run_positions")
"""Tables whose rows tell their day, so that a day's are found among ten years'."""

_TEXTS = pa.list_(pa.string())
_DAYS = pa.list_(pa.date32())
_VERSIONS = pa.map_(pa.string(), pa.string())


def save_run(
    connection: duckdb.DuckDBPyConnection, run: MapRun, folder: Path, keep: KeepSettings
) -> MadeRun:
    """Replace a run's rows in every table; see :meth:`storage.Database.save_run`.

    Its matrices go to ``folder`` before anything tells of them. Gives what the manifest shall tell.
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
    row = connection.execute(statement("record_checksum"), known).fetchone()
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
    for name in DATED:
        frames[name] = frames[name].assign(as_of=run.as_of)
    tables = {
        name: pa.Table.from_pandas(frame.assign(run_id=run.run_id), preserve_index=False)
        for name, frame in frames.items()
    }
    tables["runs"] = _run_row(run, created_at)
    return tables


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a map depends on."""
    return {"python": python_version(), **{name: version(name) for name in LIBRARIES}}


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(place=range(len(frame)))


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
