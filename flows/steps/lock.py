"""One run of a map at a time, whoever started it: the schedule, a person or a backfill.

The lock is the operating system's, on a file: it ends with the process that holds it, however that
process ends. A slot of a Prefect concurrency limit would outlive a killed process and block every
later run.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from marketmap.config import Config
from marketmap.errors import StorageError

POLL_SECONDS = 1.0


def not_writable(config: Config, error: OSError) -> StorageError:
    """Return the error of a data_dir in which nothing can be written."""
    return StorageError(
        f"{config.data_dir}: cannot be written to ({error.strerror}); "
        "data_dir in config.yaml must name a folder that can"
    )


class MapBusyError(StorageError):
    """Another process is making this map right now."""


def map_lock(
    config: Config, map_name: str, wait_seconds: float = 0.0
) -> AbstractContextManager[None]:
    """Hold a map for oneself, or raise a MapBusyError that names the process that holds it."""
    return _locked(config, map_name, f"map {map_name} is being made", wait_seconds)


def schedule_lock(config: Config, map_name: str) -> AbstractContextManager[None]:
    """Be the only scheduled run of a map that works or waits, or raise a MapBusyError."""
    return _locked(config, f"{map_name}.scheduled", f"map {map_name} is being made on schedule")


def serve_lock(config: Config) -> AbstractContextManager[None]:
    """Be the only ``marketmap serve`` of a data_dir, or raise a MapBusyError."""
    return _locked(config, ".serve", f"{config.data_dir} is being served")


@contextmanager
def _locked(config: Config, name: str, what: str, wait_seconds: float = 0.0) -> Iterator[None]:
    folder = config.data_dir / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise not_writable(config, error) from None
    try:
        deadline = time.monotonic() + wait_seconds
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                owner = os.pread(descriptor, 20, 0).decode()
                by = f"process {owner}" if owner else "another process"
                raise MapBusyError(f"{what} by {by}; wait until it is done")
            time.sleep(POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
