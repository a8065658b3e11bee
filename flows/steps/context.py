"""What every step of a map works with: its settings, its source, and where things are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from flows.steps.lock import map_lock
from marketmap.config import Config, load_config
from marketmap.errors import ConfigError, DataError
from marketmap.settings import (
    CoinMarketCapSettings,
    ExchangeSettings,
    FetchSettings,
    FilesSettings,
    MapSettings,
)
from marketmap.sources import open_source
from marketmap.sources.base import Source
from marketmap.sources.files.source import Files
from marketmap.universe.window import history_start
from storage import Database


@dataclass(frozen=True)
class MapContext:
    """A map that is being worked on.

    Attributes
    ----------
    config : Config
    name : str
        The map's name.
    source : Source
    last_day : date
        The last complete day that the source can have.
    """

    config: Config
    name: str
    source: Source
    last_day: date

    @property
    def settings(self) -> MapSettings:
        """The map's settings."""
        return self.config.map_settings(self.name)

    @property
    def fallback(self) -> ExchangeSettings | None:
        """The fallback source, if the map has one."""
        source = self.settings.source
        return source.fallback if isinstance(source, CoinMarketCapSettings) else None

    @property
    def listing_key(self) -> str:
        """Under which name listings are kept: those ranked otherwise are other listings."""
        ranked = self.settings.universe.rank_by
        return self.source.name if ranked == "auto" else f"{self.source.name}:{ranked}"

    def database(self) -> Database:
        """Open the working database, for moments only: meanwhile no other process can."""
        return Database.open(self.config.database)

    def window(self, day: date) -> tuple[date, date]:
        """Return the first and the last day whose prices the map of a day can need."""
        return history_start(self.settings, day), day

    def day(self, asked: date | None, option: str = "--as-of") -> date:
        """Return the day that was asked for, which must be over, or the last that is.

        Raises
        ------
        ConfigError
            The day is not over; the message names the option.
        """
        if asked is not None and asked > self.last_day:
            raise ConfigError(
                f"{option} {asked}: the last complete day that {self.source.name} can have is "
                f"{self.last_day}"
            )
        return asked or self.last_day


def map_context(config: Config, name: str) -> MapContext:
    """Open a map's source.

    Raises
    ------
    ConfigError
        There is no such map, or its source needs what is not installed.
    DataError
        The source's file holds what it must not hold, or does not fit its calendar.
    """
    source = source_of(config, name)
    return MapContext(config, name, source, source.last_day(datetime.now(UTC)))


def source_of(config: Config, name: str, fetch: FetchSettings | None = None) -> Source:
    """Open a map's source; an error names the key of config.yaml by which the source is written.

    Parameters
    ----------
    config : Config
    name : str
    fetch : FetchSettings, optional
        How a remote source is asked, where it is not as config.yaml says.
    """
    settings = config.map_settings(name).source
    try:
        source = open_source(settings, fetch or config.fetch, config.folder)
        if isinstance(source, Files):
            source.check()
    except (ConfigError, DataError) as error:
        key = "source.path" if isinstance(settings, FilesSettings) else "source"
        raise type(error)(f"{error} ({config.file}: maps.{name}.{key})") from None
    return source


@contextmanager
def open_map(
    config_path: Path, name: str | None, wait_seconds: float = 0.0, *, unattended: bool = False
) -> Iterator[MapContext]:
    """Read config.yaml, hold a map for oneself and open its source.

    Parameters
    ----------
    config_path : Path
    name : str or None
        The first map of the file where it is None.
    wait_seconds : float
        How long to wait while another process makes the same map.
    unattended : bool
        Whether nobody waits for it, so that even a network that is not there yet is waited for.

    Raises
    ------
    MapBusyError
        Another process makes it.
    ConfigError, DataError
        As :func:`map_context` raises them.
    """
    config = load_config(config_path)
    if unattended:
        fetch = config.fetch
        fetch = fetch.model_copy(update={"unreachable_attempts": fetch.attempts})
        config = config.model_copy(update={"fetch": fetch})
    chosen = name or config.default_map
    config.map_settings(chosen)
    with map_lock(config, chosen, wait_seconds):
        yield map_context(config, chosen)
