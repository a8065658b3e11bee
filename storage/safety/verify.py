"""Whether a database holds what was once written into it."""

from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import duckdb

from marketmap.errors import StorageError
from storage.engine.errors import ADVICE, one_line
from storage.engine.schema import check_version, newest_version, schema_version
from storage.engine.sql_files import statement
from storage.published.query import reading
from storage.runs import matrices
from storage.safety.manifest import MadeRun


def verify(database: Path, *, every_run: bool = False) -> Iterator[str]:
    """Read a database whole, and tell what is wrong with it; nothing where all is well.

    DuckDB checks each block that it reads against the block's checksum; and the rows of the newest
    run of each map, or of every run, must have the checksums that were stored with them.

    Parameters
    ----------
    database : Path
        Nobody may be writing to it.
    every_run : bool
        Takes about a minute for 4,000 runs of 500 assets.

    Raises
    ------
    StorageError
        It cannot be opened, or is not marketmap's, or of a newer version.
    """
    with reading(database) as connection:
        version = schema_version(connection)
        check_version(version, newest_version(), str(database))
        tables = connection.execute(statement("list_tables")).fetchall()
        try:
            for (table,) in tables:
                connection.execute(statement("read_all"), [table]).fetchall()
        except duckdb.Error as error:
            yield one_line(error)
            return
        if version == newest_version():
            yield from _wrong_runs(connection, every_run)
            yield from _wrong_findings(connection)


def find_problem(database: Path) -> str | None:
    """Return what is wrong with a database, in words without its name; None where it is whole."""
    try:
        return next(verify(database), None)
    except StorageError as error:
        return str(error).removeprefix(f"{database}: ").removesuffix(ADVICE)


def wrong_matrices(database: Path) -> list[str]:
    """Return which files of matrices are missing beside a database, or not as they were written.

    Raises
    ------
    StorageError
        It cannot be opened.
    """
    with reading(database) as connection:
        return matrices.wrong_files(connection, matrices.folder_of(database))


def stored_runs(database: Path) -> dict[str, MadeRun]:
    """Return the runs that a database holds, by id.

    Raises
    ------
    StorageError
        It cannot be opened.
    """
    with reading(database) as connection:
        rows = connection.execute(statement("stored_runs")).fetchall()
    return {
        run_id: MadeRun(run_id, map_name, as_of, made_at.replace(tzinfo=UTC), checksum)
        for run_id, map_name, as_of, made_at, checksum in rows
    }


def _wrong_runs(connection: duckdb.DuckDBPyConnection, every_run: bool) -> Iterator[str]:
    found: list[tuple[str, str, date]]
    found = connection.execute(statement("runs_to_verify"), {"every": every_run}).fetchall()
    for run_id, map_name, as_of in found:
        known = {"run_id": run_id, "as_of": as_of}
        parts = [part for (part,) in connection.execute(statement("wrong_parts"), known).fetchall()]
        if parts:
            what = f"run {run_id}: map {map_name} on {as_of}"
            yield f"{what} is not as it was stored ({', '.join(parts)})"


def _wrong_findings(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for run_id, as_of, kind in connection.execute(statement("wrong_findings")).fetchall():
        yield f"run {run_id}: finding {kind} on {as_of} is not as it was stored"
