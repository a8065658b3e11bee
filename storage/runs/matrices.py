"""A run's full matrices: one Parquet file per run, beside the database that names it.

Of each pair of assets a row, the diagonal included: ``asset_id_a``, ``asset_id_b``,
``correlation``, ``covariance`` and ``precision``. They are as large as all else that is kept of a
run, and can be fitted again; so only some are kept, and the published copy need not carry them.
"""

import hashlib
import io
import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from marketmap.run import MapRun
from storage.engine.errors import storage_error
from storage.engine.files import TEMPORARY, digest_of, remove_leftovers, sync, whole_file
from storage.engine.sql_files import statement

MATRICES = ("correlation", "covariance", "precision")
ENDING = ".parquet"


def folder_of(database: Path) -> Path:
    """Return where the matrices of a database's runs lie."""
    return database.parent / "matrices"


def file_name(as_of: object, run_id: str, digest: str) -> str:
    """Name a file; another content makes another name, so that no file is ever changed."""
    return f"{as_of}-{run_id}-{digest[:16]}{ENDING}"


def write(folder: Path, run: MapRun) -> str:
    """Keep a run's matrices, and return the SHA-256 of their file."""
    frames = {name: getattr(run.structure, name) for name in MATRICES}
    return write_frames(folder, run.as_of, run.run_id, frames)


def write_frames(
    folder: Path, as_of: object, run_id: str, frames: Mapping[str, pd.DataFrame]
) -> str:
    """Keep symmetric matrices over the same assets, and return the SHA-256 of their file."""
    from pyarrow import parquet

    ids = np.asarray(frames[MATRICES[0]].index, dtype=object)
    a, b = np.triu_indices(len(ids))
    columns: dict[str, object] = {"asset_id_a": ids[a], "asset_id_b": ids[b]}
    for name, frame in frames.items():
        columns[name] = frame.loc[ids, ids].to_numpy("float64")[a, b]
    buffer = io.BytesIO()
    parquet.write_table(
        pa.table(columns),
        buffer,
        compression="zstd",
        use_dictionary=["asset_id_a", "asset_id_b"],
        column_encoding=dict.fromkeys(MATRICES, "BYTE_STREAM_SPLIT"),
    )
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    with whole_file(folder / file_name(as_of, run_id, digest), len(content)) as file:
        file.write(content)
    return digest


def read(
    folder: Path, as_of: object, run_id: str, digest: str, ids: "pd.Index[str]"
) -> dict[str, pd.DataFrame] | None:
    """Return matrices that were kept, each of shape (n_assets, n_assets).

    None where the file is not there or not as it was written.

    Raises
    ------
    StorageError
        The file cannot be read.
    """
    from pyarrow import parquet

    path = folder / file_name(as_of, run_id, digest)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise storage_error(path, error) from None
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    table = parquet.read_table(io.BytesIO(content))
    a, b = np.triu_indices(len(ids))
    found = {}
    for name in MATRICES:
        matrix = np.empty((len(ids), len(ids)))
        matrix[a, b] = matrix[b, a] = table.column(name).to_numpy()
        found[name] = pd.DataFrame(matrix, index=ids, columns=ids)
    return found


def kept(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of the files that a database's runs have."""
    return {file_name(*row) for row in connection.execute(statement("kept_matrices")).fetchall()}


def sweep(folder: Path, names: Collection[str]) -> None:
    """Remove the files that no run has any more, and what killed writers have left."""
    remove_leftovers(folder.glob(f".*{TEMPORARY}"), own=True)
    for path in folder.glob(f"*{ENDING}"):
        if path.name not in names:
            path.unlink(missing_ok=True)


def mirror(here: Path, there: Path, names: Collection[str], *, linked: bool = True) -> None:
    """Put files into another folder too; as links where they may be and the disk is the same."""
    if here.resolve() == there.resolve():
        return
    missing = [name for name in names if (here / name).exists() and not (there / name).exists()]
    if not missing:
        return
    there.mkdir(parents=True, exist_ok=True)
    for name in missing:
        if not (linked and _link(here / name, there / name)):
            with (here / name).open("rb") as source, whole_file(there / name) as file:
                shutil.copyfileobj(source, file)
    sync(there)


def _link(here: Path, there: Path) -> bool:
    """Give a file a second name, unless it is on another disk, or on one without links."""
    try:
        os.link(here, there)
    except OSError:
        return False
    return True


def wrong_files(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Return which of the files of a database's runs are missing or not as they were written."""
    wrong = []
    for as_of, run_id, digest in connection.execute(statement("kept_matrices")).fetchall():
        path = folder / file_name(as_of, run_id, digest)
        if digest_of(path) != digest:
            wrong.append(path.name)
    return sorted(wrong)
