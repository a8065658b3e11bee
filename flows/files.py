"""Files that are written as a whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from marketmap.errors import StorageError


@contextmanager
def whole_file(to: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes its name when the block has ended well.

    Raises
    ------
    StorageError
        The folder or the file cannot be written to.
    """
    temporary = to.with_name(f".{to.name}.{os.getpid()}")
    try:
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                yield file
            temporary.replace(to)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{to}: cannot be written ({error.strerror or error})") from None
