"""What went wrong with a file or a query, told in one line."""

import errno
import shutil
from pathlib import Path

from marketmap.errors import StorageError

NO_SPACE = "No space left on device"
DAMAGE = ("Corrupt", "corrupt", "Could not read enough bytes", "not a valid DuckDB")
"""Of these words one is in what DuckDB says of a file that it cannot trust."""
ADVICE = "; run: marketmap restore"


def one_line(error: Exception) -> str:
    """Return DuckDB's message in one line, without the excerpt of the query below it."""
    message = str(error).split("\n\nLINE ")[0].split("\nLINE ")[0]
    return " ".join(message.split())


def storage_error(what: object, error: Exception) -> StorageError:
    """Make a StorageError of something that went wrong with ``what``, such as a file."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else one_line(error)
    advice = ADVICE if any(sign in reason for sign in DAMAGE) else ""
    return StorageError(f"{what}: {reason}{advice}")


def write_error(what: object, error: Exception, folder: Path, needed: float) -> StorageError:
    """Make a StorageError of a write that failed; where the disk is full, tell how much it needs.

    Parameters
    ----------
    what : object
        What was to be written, and what became of it.
    error : Exception
    folder : Path
        Where it was to be written.
    needed : float
        Bytes that the whole write takes, as far as that can be told.
    """
    is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if not is_full and NO_SPACE not in str(error):
        return storage_error(what, error)
    return StorageError(
        f"{what}: the disk is full: {megabytes(needed)} needed, {megabytes(free_bytes(folder))} "
        f"free at {folder}; make room, then run the same command again"
    )


def free_bytes(folder: Path) -> int:
    """Return how much room there is for a folder that need not be there yet."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def megabytes(n_bytes: float) -> str:
    """Return a number of bytes in whole megabytes, never as none."""
    return f"{max(1, round(n_bytes / 1e6)):,} MB"
