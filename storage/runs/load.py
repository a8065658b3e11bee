"""Runs, read from the published copy: which there are, and each as it was saved."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import duckdb

from marketmap.errors import StorageError
from marketmap.structure import MarketStructure
from storage.engine.schema import check_version, newest_version, schema_version
from storage.engine.sql_files import statement
from storage.published.query import PUBLISHED, nothing_published, reading
from storage.runs.base import StoredRun
from storage.runs.matrices import folder_of
from storage.runs.read import Row, read_run_row, rebuild_run, rebuild_structure

NAMED_DAYS = 5
"""How many of the nearest stored days an error message names."""


def load(
    map: str | None = None,  # noqa: A002 - the field's word, as in every view
    as_of: date | str | None = None,
    database: Path | str = PUBLISHED,
) -> MarketStructure:
    """Return a stored map's structure, exactly as it was saved.

    Full matrices are kept for some runs only (``keep`` in config.yaml); where they are not, the
    model is fitted again to the stored prices as soon as somebody asks for a matrix, which takes
    seconds. Should the outcome differ from what was stored, a warning is logged.

    Parameters
    ----------
    map : str, optional
        May be left out where only one map has been published.
    as_of : date or str, optional
        Such as ``"2026-01-31"``; the newest stored day by default.
    database : Path or str
        The published copy.

    Raises
    ------
    StorageError
        There is no such map or day; the message lists what there is.
    """
    database = Path(database)
    with _reading(database) as connection:
        row = _known_run(connection, map, as_of, database)
        return rebuild_structure(connection, row, folder_of(database))


def load_run(
    map: str | None = None,  # noqa: A002 - the field's word, as in every view
    as_of: date | str | None = None,
    database: Path | str = PUBLISHED,
) -> StoredRun:
    """Return a stored run: its structure, its universe, and the prices behind it.

    The prices are the raw ones that are stored now, repaired as the run repaired them. Parameters
    and errors are those of :func:`load`.
    """
    database = Path(database)
    with _reading(database) as connection:
        row = _known_run(connection, map, as_of, database)
        return rebuild_run(connection, row, folder_of(database))


def stored_maps(database: Path) -> list[str]:
    """List the maps of which a day is stored, in order of their names; none before the first run.

    Raises
    ------
    StorageError
        The published copy cannot be read.
    """
    if not database.exists():
        return []
    with _reading(database) as connection:
        return _known_maps(connection)


def stored_days(database: Path, map: str) -> list[date]:  # noqa: A002 - as in every view
    """List the days on which a map is stored, oldest first.

    Raises
    ------
    StorageError
        There is no such map; the message lists those that there are.
    """
    with _reading(database) as connection:
        return _days(connection, _known_map(connection, map, database))


@contextmanager
def _reading(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with reading(database) as connection:
        version, newest = schema_version(connection), newest_version()
        check_version(version or None, newest, str(database))
        if version != newest:
            raise StorageError(
                f"{database}: was published by an older marketmap; run: marketmap run"
            )
        yield connection


def _known_run(
    connection: duckdb.DuckDBPyConnection,
    map_name: str | None,
    as_of: date | str | None,
    database: Path,
) -> Row:
    """Return the row of the newest run of a map's day."""
    name = _known_map(connection, map_name, database)
    return read_run_row(connection, name, _known_day(connection, name, as_of, database))


def _known_map(connection: duckdb.DuckDBPyConnection, map_name: str | None, database: Path) -> str:
    known = _known_maps(connection)
    if not known:
        raise nothing_published(database)
    if map_name is None and len(known) > 1:
        raise StorageError(f"{database}: holds several maps; name one of: {', '.join(known)}")
    if map_name is not None and map_name not in known:
        raise StorageError(
            f"{database}: no map {map_name!r}, only: {', '.join(known)}; --map chooses one"
        )
    return map_name or known[0]


def _known_maps(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute(statement("known_maps")).fetchall()]


def _known_day(
    connection: duckdb.DuckDBPyConnection,
    map_name: str,
    as_of: date | str | None,
    database: Path,
) -> date:
    days = _days(connection, map_name)
    if as_of is None:
        return days[-1]
    if isinstance(as_of, datetime):  # pandas' Timestamp too
        as_of = as_of.date()
    try:
        day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError:
        raise StorageError(
            f"{as_of!r} is no day; expected one such as {days[-1].isoformat()!r}"
        ) from None
    if day not in days:
        nearest = sorted(sorted(days, key=lambda known: abs(known - day))[:NAMED_DAYS])
        raise StorageError(
            f"{database}: map {map_name!r} is not stored on {day}; nearest stored: "
            f"{', '.join(map(str, nearest))}; newest: {days[-1]}"
        )
    return day


def _days(connection: duckdb.DuckDBPyConnection, map_name: str) -> list[date]:
    return [day for (day,) in connection.execute(statement("stored_days"), [map_name]).fetchall()]
