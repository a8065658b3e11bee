"""A database, copied for safety and put back in its place."""

import os
import shutil
from pathlib import Path

from marketmap.errors import StorageError
from storage.database import Database
from storage.engine.errors import ADVICE, storage_error
from storage.engine.files import whole_file
from storage.engine.lock import name_aside, set_aside
from storage.runs import matrices
from storage.safety.manifest import NAME, Manifest
from storage.safety.verify import find_problem


def back_up(database: Path, folder: Path) -> Path:
    """Copy a database with its matrices and its manifest, and read the copy whole.

    Parameters
    ----------
    database : Path
    folder : Path
        Made where it is missing.

    Returns
    -------
    Path
        The copy of the database.

    Raises
    ------
    StorageError
        There is no database, or no room, or what was copied cannot be read.
    """
    if not database.is_file() and not Manifest(database.parent).runs():
        raise StorageError(f"{database}: is not there yet; marketmap run makes it")
    copy = folder / database.name
    if copy.exists():
        raise StorageError(f"{copy}: is there already; name a new folder")
    try:
        with Database.open(database) as opened:
            opened.publish(copy, linked=False)
    except StorageError as error:
        if not str(error).endswith(ADVICE):
            raise
        raise StorageError(f"{str(error).removesuffix(ADVICE)}, not backed up{ADVICE}") from None
    manifest = database.parent / NAME
    if manifest.exists():
        try:
            with manifest.open("rb") as source, whole_file(folder / NAME) as file:
                shutil.copyfileobj(source, file)
        except OSError as error:  # such as a folder in its place
            copy.unlink(missing_ok=True)
            raise storage_error(manifest, error) from None
    problem = find_problem(copy)
    if problem is not None:
        copy.unlink(missing_ok=True)
        raise StorageError(f"{database}: damaged ({problem}), not backed up{ADVICE}")
    return copy


def put_back(copy: Path, database: Path) -> Path | None:
    """Put a copy in a database's place; nobody may have that open.

    Returns
    -------
    Path or None
        The name that the database which was there has now.

    Raises
    ------
    StorageError
        There is no room, or the copy cannot be read; what was there is still in its place.
    """
    aside = None
    try:
        size = copy.stat().st_size
        with copy.open("rb") as source, whole_file(database, size) as file:
            shutil.copyfileobj(source, file)
            _set_log_aside(database)
            if database.exists():  # it keeps its name until the copy takes it
                aside = name_aside(database, "replaced")
                os.link(database, aside)
        folders = (matrices.folder_of(copy), matrices.folder_of(database))
        names = [path.name for path in folders[0].glob("*.parquet")]
        matrices.mirror(*folders, names, linked=False)
    except OSError as error:
        raise storage_error(database, error) from None
    return aside


def put_aside(database: Path) -> Path:
    """Take a damaged database out of its place, with its log; return the name that it has now."""
    try:
        _set_log_aside(database)
        return set_aside(database)
    except OSError as error:
        raise storage_error(database, error) from None


def _set_log_aside(database: Path) -> None:
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        set_aside(log)
