"""Keeps the compiler out of the user's way: it runs once on a machine, and says so.

numba loads whatever lies in its cache: a file that a crash or a full disk cut short ends every
later process in a traceback, and other machine code is simply run. So digests of the files are kept
beside them, in the format of ``sha256sum``; what does not fit them is removed and compiled again.
"""

import hashlib
import logging
import sys
import threading
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba.core import event

from marketmap.precision import kernel

log = logging.getLogger(__name__)

_TIME = "it takes 5 to 10 seconds, more on a busy machine"
_ELSEWHERE = "NUMBA_CACHE_DIR names another folder"
_one_at_a_time = threading.Lock()


class Compiled(NamedTuple):
    """The kernel that this process uses: where it is kept, and what was wrong with it."""

    folder: Path | None
    """None where it is not kept, or not compiled at all."""
    trouble: str | None


def compile_once() -> Compiled:
    """Load the kernel if it is kept and whole, else compile it and say so."""
    with _one_at_a_time:
        return _compile_once()


@cache
def _compile_once() -> Compiled:
    if not hasattr(kernel.solve, "stats"):
        return Compiled(None, None)  # NUMBA_DISABLE_JIT is set
    place = kernel.solve.stats.cache_path
    if place is None:
        trouble = f"there is no place to keep it; {_ELSEWHERE}"
        _load(f"compiling the graphical lasso, in every process, as {trouble}; {_TIME}")
        return Compiled(None, trouble)
    return _load_kept(_Kept(Path(place)))


def _load_kept(kept: "_Kept") -> Compiled:
    trouble, word = None, f"compiling the graphical lasso, once on this machine; {_TIME}"
    try:
        if kept.files() and not kept.is_whole():
            trouble = f"the compiled graphical lasso in {kept.folder} was not whole"
            word = f"{trouble}; compiling it again, once; {_TIME}"
            kept.remove()
        if _load(word):
            kept.seal()
    except Exception as error:  # whatever numba makes of files
        trouble = f"the compiled graphical lasso cannot be kept: {error}; {_ELSEWHERE}"
        log.warning("%s", trouble)
        if not kernel.solve.signatures:
            kernel.solve = kernel.in_memory(kernel.solve.py_func)
            _load(f"compiling the graphical lasso, for this process alone; {_TIME}")
        return Compiled(None, trouble)
    return Compiled(kept.folder, trouble)


def _load(word: str) -> bool:
    """Call the kernel for the first time; tell whether it was compiled, which the word says."""
    listener = _Listener(word)
    with event.install_listener("numba:compile", listener):
        one, row = np.ones((4, 1, 1)), np.ones(1)
        kernel.solve(one[0], row, 1.0, 0.0, one[1], one[2], 1.0, 0, one[3], np.empty((1, 2)))
    return listener.heard


class _Listener(event.Listener):
    """Says a word when the kernel is compiled, and not when it is loaded."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.heard = False

    def on_start(self, event: event.Event) -> None:
        if event.data["dispatcher"] is kernel.solve:
            self.heard = True
            log.warning("%s", self._word)

    def on_end(self, event: event.Event) -> None:
        pass


class _Kept:
    """What numba keeps of the kernel in a folder, for this version of Python."""

    def __init__(self, folder: Path) -> None:
        version = f"py{sys.version_info.major}{sys.version_info.minor}{sys.abiflags}"
        self.folder = folder
        self._pattern = f"kernel.solve-*.{version}.*nb[ic]"
        self._digests = folder / f"kernel.solve.{version}.sha256"

    def files(self) -> list[Path]:
        return sorted(self.folder.glob(self._pattern))

    def is_whole(self) -> bool:
        try:
            return self._digests.read_bytes() == self._digest()
        except OSError:  # also what may not be read, and a folder in a file's place
            return False

    def seal(self) -> None:
        self._digests.write_bytes(self._digest())

    def remove(self) -> None:
        for path in [*self.files(), self._digests]:
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)

    def _digest(self) -> bytes:
        digests = [(hashlib.sha256(path.read_bytes()), path.name) for path in self.files()]
        return "".join(f"{digest.hexdigest()}  {name}\n" for digest, name in digests).encode()
