"""A command over all maps of config.yaml works on each alone: one that fails stops no other."""

from collections.abc import Iterator
from contextlib import contextmanager

from flows.steps.lock import MapBusyError
from flows.steps.progress import warn
from marketmap.config import Config
from marketmap.errors import ConfigError, DataError, FitError, SourceError
from storage import Manifest, stored_maps

OF_ONE_MAP = (ConfigError, DataError, SourceError, FitError, MapBusyError)
"""What goes wrong with one map and need not concern the next; a StorageError concerns them all."""


def was_made(config: Config, name: str) -> bool:
    """Return whether a run of a map was ever stored: now, or before it was lost."""
    made = (run.map for run in Manifest(config.database.parent).runs().values())
    return name in made or name in stored_maps(config.published)


class EachMap:
    """The maps of one command, each worked on alone.

    A map that fails counts for the exit code where a run of it was ever stored. One that was never
    made, such as a sample of config.yaml without its file, is told and no more. (A map that is
    asked for by name is no business of this class: there the error itself ends the command.)

    Attributes
    ----------
    failed : list of str
        The maps that failed.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.failed: list[str] = []

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Work on a map in the block; what fails there is told, and does not leave the block."""
        try:
            yield
        except OF_ONE_MAP as error:
            self.failed.append(name)
            warn(f"map {name}: {error}")

    @property
    def is_failure(self) -> bool:
        """Whether a map failed that was made before."""
        return any(was_made(self.config, name) for name in self.failed)
