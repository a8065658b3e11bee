"""What people can ask: the views of the published copy."""

from contextlib import closing
from pathlib import Path

import duckdb

from storage.failures import storage_error
from storage.published import PUBLISHED, connect
from storage.statements import statement


def list_views(database: Path = PUBLISHED) -> dict[str, list[str]]:
    """List the views that people query, with their columns.

    Raises
    ------
    StorageError
        Nothing has been published yet, or the file cannot be read.
    """
    with closing(connect(database)) as connection:
        try:
            return dict(connection.execute(statement("list_views")).fetchall())
        except duckdb.Error as error:
            raise storage_error(database, error) from None
