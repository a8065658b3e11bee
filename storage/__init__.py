"""storage: the working database, its published copy, and everything that is read from it.

A flow writes through :class:`Database`, and keeps what sources sent in an :class:`Archive`.
Everybody else reads the published copy, through :func:`query`, :func:`load` and :func:`load_run`,
or with any DuckDB client.
"""

from typing import TYPE_CHECKING

from marketmap.lazy import lazily

if TYPE_CHECKING:
    from storage.database import Database
    from storage.engine.sql_files import cookbook
    from storage.published.catalogue import list_views
    from storage.published.query import connect, query
    from storage.runs.base import StoredRun
    from storage.runs.load import load, load_run, stored_days
    from storage.safety.archive import Archive
    from storage.safety.backup import back_up, put_aside, put_back
    from storage.safety.manifest import DrawnReport, MadeRun, Manifest
    from storage.safety.verify import find_problem, stored_runs, verify, wrong_matrices

_HOMES = {
    "Archive": "safety.archive",
    "Database": "database",
    "DrawnReport": "safety.manifest",
    "MadeRun": "safety.manifest",
    "Manifest": "safety.manifest",
    "StoredRun": "runs.base",
    "back_up": "safety.backup",
    "connect": "published.query",
    "find_problem": "safety.verify",
    "cookbook": "engine.sql_files",
    "list_views": "published.catalogue",
    "load": "runs.load",
    "load_run": "runs.load",
    "put_aside": "safety.backup",
    "put_back": "safety.backup",
    "query": "published.query",
    "stored_days": "runs.load",
    "stored_runs": "safety.verify",
    "verify": "safety.verify",
    "wrong_matrices": "safety.verify",
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
