"""Files damaged by seed: one bit turned, or the end cut off."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

N_TIMES = 200 if os.environ.get("MARKETMAP_TORTURE") else 20
"""How often a file is damaged in each way: often by ``make torture``, a few times in all tests."""


def damaged(content: bytes, seed: int = 0, times: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Return a file's content with one bit turned, then cut off, so many times each.

    A quarter of the bits are among the first 12 KB, where DuckDB's headers lie.

    Yields
    ------
    tuple of (str, bytes)
        What was done, and the content.
    """
    draw = random.Random(seed)
    for number in range(times or N_TIMES):
        head = number % 4 == 0
        place = draw.randrange(min(12288, len(content)) if head else len(content))
        bit = draw.randrange(8)
        turned = bytearray(content)
        turned[place] ^= 1 << bit
        yield f"bit {bit} of byte {place}", bytes(turned)
    for _ in range(times or N_TIMES):
        size = draw.randrange(len(content))
        yield f"cut to {size} bytes", content[:size]


def put(path: Path, content: bytes) -> None:
    """Write a file anew, as another file, and remove a log beside it."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.write_bytes(content)
