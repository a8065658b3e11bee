"""storage: the working database, its published copy, and everything that is read from it.

A flow writes through :class:`Database`, and keeps what sources sent in an :class:`Archive`.
Everybody else reads the published copy, through :func:`query`, :func:`load` and :func:`load_run`,
or with any DuckDB client.
"""

from typing import TYPE_CHECKING

from marketmap.lazy import lazily

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.catalogue import list_views
    from storage.database import Database
    from storage.loading import load, load_run, stored_days
    from storage.published import connect, query
    from storage.statements import cookbook
    from storage.stored import StoredRun

_HOMES = {
    "Archive": "archive",
    "Database": "database",
    "StoredRun": "stored",
    "connect": "published",
    "cookbook": "statements",
    "list_views": "catalogue",
    "load": "loading",
    "load_run": "loading",
    "query": "published",
    "stored_days": "loading",
}

__all__ = [
    "Archive",
    "Database",
    "StoredRun",
    "connect",
    "cookbook",
    "list_views",
    "load",
    "load_run",
    "query",
    "stored_days",
]

__getattr__ = lazily(__name__, _HOMES)  # a query needs none of what a map is made with
