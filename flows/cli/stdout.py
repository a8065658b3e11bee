"""What goes to standard output."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from marketmap.printing import printable


@contextmanager
def standard_output() -> Iterator[IO[bytes]]:
    """Open standard output for UTF-8 text or other bytes; a pipe gets them as they are.

    A terminal would obey the control characters in strangers' names: it is shown escapes instead.
    """
    if not sys.stdout.isatty():
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    shown = io.BytesIO()
    yield shown
    for line in shown.getvalue().decode().removesuffix("\n").split("\n"):
        print(printable(line))
