"""Files that are written whole or not at all, and are on the disk once they have their name."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import IO

from storage.engine.errors import write_error

TEMPORARY = ".writing"
"""Ending of a file that is not whole yet: ``.<its name>.<process>.writing``."""


@contextmanager
def whole_file(to: Path, size: int = 0) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its name when the block has ended well.

    ``size`` is how many bytes it is going to have, if that is known; a full disk's error tells it.

    Raises
    ------
    StorageError
        The folder or the file cannot be written to; what was there is unchanged.
    """
    temporary = to.with_name(f".{to.name}.{os.getpid()}{TEMPORARY}")
    written = 0
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(to.parent.glob(f".{escape(to.name)}.*{TEMPORARY}"))
        try:
            with temporary.open("wb") as file:
                try:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                finally:
                    written = file.tell()
            temporary.replace(to)
            sync(to.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise write_error(f"{to}: not written", error, to.parent, max(size, written)) from None


def digest_of(path: Path) -> str | None:
    """Return a file's SHA-256; None where there is no file that can be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(found: Iterable[Path], *, own: bool = False) -> None:
    """Remove what processes that were killed have left; those that live may be writing.

    Parameters
    ----------
    found : iterable of Path
        Files that :data:`TEMPORARY` tells to be unfinished.
    own : bool
        Whether this process is known to write none of them right now.
    """
    for path in list(found):
        process = path.name.removesuffix(TEMPORARY).rpartition(".")[2]
        if process.isdecimal() and not _may_write(int(process), own):
            path.unlink(missing_ok=True)


def _may_write(process: int, own: bool) -> bool:
    if process == os.getpid():
        return not own
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
