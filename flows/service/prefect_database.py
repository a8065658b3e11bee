"""Prefect's own database: SQLite in its home, the record of past runs. No map is in it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from flows.steps.progress import warn


def damage(home: Path) -> str | None:
    """Return what is wrong with the database in Prefect's home; None if nothing, or none there."""
    path = home / "prefect.db"
    if path.is_dir():
        return "a folder is in its place"
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (found,) = database.execute("pragma quick_check(1)").fetchone()
    except sqlite3.OperationalError:  # in use, or not to be read: no sign of damage
        return None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else " ".join(found.split())


def put_aside_if_damaged(home: Path) -> None:
    """Give a damaged database another name, so that Prefect makes a new one, and say so."""
    problem = damage(home)
    if problem is None:
        return
    aside = f"prefect.db.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for ending in ("", "-wal", "-shm"):
        path = home / f"prefect.db{ending}"
        if path.exists():
            path.rename(home / f"{aside}{ending}")
    warn(
        f"{home / 'prefect.db'}: damaged ({problem}); set aside as {aside}, and Prefect's record "
        "of runs begins anew; no map is touched"
    )
