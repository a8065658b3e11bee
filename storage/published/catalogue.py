"""What people can ask: the views of the published copy."""

from pathlib import Path

from storage.engine.sql_files import statement
from storage.published.query import PUBLISHED, reading


def list_views(database: Path = PUBLISHED) -> dict[str, list[str]]:
    """List the views that people query, with their columns.

    Raises
    ------
    StorageError
        Nothing has been published yet, or the file cannot be read.
    """
    with reading(database) as connection:
        return dict(connection.execute(statement("list_views")).fetchall())
