"""All or nothing: what is written together is kept together."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from storage.statements import storage_error


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection, what: object) -> Iterator[None]:
    """Keep what is written inside when it ends well, nothing of it when it does not.

    Raises
    ------
    StorageError
        DuckDB refused; the message names ``what``.
    """
    try:
        connection.begin()
        try:
            yield
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    except duckdb.Error as error:
        raise storage_error(what, error) from None
