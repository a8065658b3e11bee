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
    from storage.manifest import DrawnReport, MadeRun, Manifest
    from storage.published import connect, query
    from storage.restoring import back_up, put_aside, put_back
    from storage.statements import cookbook
    from storage.stored import StoredRun
    from storage.verifying import find_problem, stored_runs, verify, wrong_matrices

_HOMES = {
    "Archive": "archive",
    "Database": "database",
    "DrawnReport": "manifest",
    "MadeRun": "manifest",
    "Manifest": "manifest",
    "StoredRun": "stored",
    "back_up": "restoring",
    "connect": "published",
    "find_problem": "verifying",
    "cookbook": "statements",
    "list_views": "catalogue",
    "load": "loading",
    "load_run": "loading",
    "put_aside": "restoring",
    "put_back": "restoring",
    "query": "published",
    "stored_days": "loading",
    "stored_runs": "verifying",
    "verify": "verifying",
    "wrong_matrices": "verifying",
}

__all__ = [
    "Archive",
    "Database",
    "DrawnReport",
    "MadeRun",
    "Manifest",
    "StoredRun",
    "back_up",
    "connect",
    "cookbook",
    "find_problem",
    "list_views",
    "load",
    "load_run",
    "put_aside",
    "put_back",
    "query",
    "stored_days",
    "stored_runs",
    "verify",
    "wrong_matrices",
]

__getattr__ = lazily(__name__, _HOMES)  # a query needs none of what a map is made with
