"""The published copy, opened so that nothing but it can be reached, and queried."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from marketmap.errors import StorageError
from storage.engine.errors import one_line, storage_error
from storage.engine.sql_files import statement

PUBLISHED = Path("data/published/marketmap.duckdb")

ALONE: dict[str, str | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "temp_directory": "",  # a query that needs more than the memory says so
}

QUERIES = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.MULTI,  # a PIVOT that looks its columns up first
}


def connect(database: Path = PUBLISHED) -> duckdb.DuckDBPyConnection:
    """Open the published copy as it is now: read only, without access to any other file.

    The copy is attached to a DuckDB of the connection's own, which shares nothing with others that
    the process has open: it sees the newest copy, however long others keep an older one. A
    connection sees the same copy until it is closed, and delays no publication. Its ``cursor()``
    does not know the views by their plain names, but as ``marketmap.main.runs``.

    Raises
    ------
    StorageError
        Nothing has been published yet, or the file cannot be read.
    """
    database = Path(database)
    if not database.is_file():
        raise nothing_published(database)
    try:
        while True:
            # DuckDB opens a file twice, for its header and for the rest: both were of one copy
            # where none has taken the name in the meantime. The file is not opened here to see
            # that, as closing it would give up DuckDB's lock.
            before = _identity(database)
            try:
                connection = _attach(database)
            except duckdb.Error:
                if _identity(database) == before:
                    raise
            else:
                if _identity(database) == before:
                    return connection
                connection.close()
    except (duckdb.Error, OSError) as error:
        raise storage_error(database, error) from None


def nothing_published(database: Path) -> StorageError:
    """Make the error of a copy that is not there, or without a map."""
    return StorageError(
        f"{database.absolute()}: no map has been published there yet; run: marketmap run"
    )


def _attach(database: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(":memory:", config=dict(ALONE))
    try:
        connection.execute(statement("attach_published"), [str(database)])
        connection.execute(statement("read_only"))
    except duckdb.Error:
        connection.close()
        raise
    return connection


def _identity(database: Path) -> tuple[int, ...]:
    """Return what tells a file from another one that takes its name."""
    found = database.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def reading(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy for a block, in which DuckDB's errors become a StorageError that names it."""
    with closing(connect(database)) as connection:
        try:
            yield connection
        except duckdb.Error as error:
            raise storage_error(database, error) from None


def query(sql: str, database: Path = PUBLISHED) -> pa.Table:
    """Answer one query from the published copy, which is opened for it and closed again.

    Parameters
    ----------
    sql : str
        One query, such as ``"from latest_clusters"``.
    database : Path
        The published copy.

    Returns
    -------
    pyarrow.Table
        Its ``to_pandas()`` is a DataFrame, its ``to_pylist()`` a list of dicts.

    Raises
    ------
    StorageError
        There is not exactly one statement, it is no query, or DuckDB cannot answer it.
    """
    with closing(connect(database)) as connection:
        try:
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise StorageError(f"expected one SQL query, got {len(statements)} statements")
            kind = _kind(statements[0])
            if kind not in QUERIES:
                name = "something else" if kind is None else kind.name
                raise StorageError(f"expected a query such as SELECT or FROM, got {name}")
            return connection.sql(statements[0]).to_arrow_table()
        except duckdb.CatalogException as error:
            raise StorageError(f"SQL: {one_line(error)} All views: marketmap sql") from None
        except duckdb.Error as error:
            raise storage_error("SQL", error) from None


def _kind(given: duckdb.Statement) -> duckdb.StatementType | None:
    """Return the kind of a statement; None for those without a name in DuckDB's Python package."""
    try:
        return given.type
    except ValueError:
        return None
