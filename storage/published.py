"""The published copy, opened so that nothing but it can be reached, and queried."""

from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa

from marketmap.errors import StorageError
from storage.statements import storage_error

PUBLISHED = Path("data/published/marketmap.duckdb")

READ_ONLY = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "lock_configuration": True,
}
"""No file but the database can be reached, no variable of the program, and none of this changed."""

QUERIES = {
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.MULTI,  # a PIVOT that looks its columns up first
}


def connect(database: Path = PUBLISHED) -> duckdb.DuckDBPyConnection:
    """Open the published copy: read only, without access to any other file.

    A process that has a connection open, to a copy that has been replaced meanwhile, is given the
    old copy again: DuckDB shares what is open. It sees the new one after all its connections to
    the old one are closed. All connections of a process to one copy must come from here, for
    DuckDB refuses to open a file in two ways at once.

    Raises
    ------
    StorageError
        Nothing has been published yet, or the file cannot be read.
    """
    if not Path(database).is_file():
        raise StorageError(f"{database}: no map has been published yet; run: marketmap run")
    try:
        return duckdb.connect(str(database), read_only=True, config=dict(READ_ONLY))
    except (duckdb.Error, OSError) as error:
        raise storage_error(database, error) from None


def query(sql: str, database: Path = PUBLISHED) -> pa.Table:
    """Answer one query from the published copy, which is opened for it and closed again.

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
            if statements[0].type not in QUERIES:
                kind = statements[0].type.name
                raise StorageError(f"expected a query such as SELECT or FROM, got {kind}")
            return connection.sql(statements[0]).to_arrow_table()
        except duckdb.Error as error:
            raise storage_error("SQL", error) from None
