"""Many days in a row: made one by one, published now and then, with a word on each that failed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from flows.daily import draw, publish
from flows.steps.progress import tell, warn
from marketmap.config import Config
from marketmap.errors import ConfigError, DataError, FitError, SourceDownError, SourceError
from marketmap.run import MapRun

PUBLISH_EVERY = 25
"""Maps after which people get to see what has been made so far."""
SKIPPED = (DataError, FitError, SourceError)
"""What makes one day impossible and may well not concern the next."""


@dataclass
class Filled:
    """What became of a range of days.

    Attributes
    ----------
    made : list of date
        The days that have a map now.
    skipped : dict of date to str
        Why the others have none.
    report : Path or None
        Of the last map that was made.
    """

    made: list[date] = field(default_factory=list)
    skipped: dict[date, str] = field(default_factory=dict)
    report: Path | None = None

    def skip(self, day: date, reason: Exception) -> None:
        """Say and note why a day has no map."""
        self.skipped[day] = str(reason)
        warn(f"{day} skipped: {reason}")


def days_between(start: date, end: date, every: int) -> list[date]:
    """Return every ``every``-th day of a range, counted back from its end."""
    if start > end:
        raise ConfigError(f"the first day ({start}) must not come after the last ({end})")
    if every < 1:
        raise ConfigError(f"--every {every}: must be 1 or more days")
    back = range(0, (end - start).days + 1, every)
    return [end - timedelta(days=n) for n in reversed(back)]


def make_days(
    config: Config, days: Iterable[date], make: Callable[[date], MapRun], filled: Filled
) -> Filled:
    """Make the maps of several days; one that cannot be made is skipped."""
    days = list(days)
    run = None
    for number, day in enumerate(days, start=1):
        tell(f"[{number}/{len(days)}] {day}")
        try:
            run = make(day)
        except SourceDownError:
            raise
        except SKIPPED as error:
            filled.skip(day, error)
            continue
        filled.made.append(day)
        if len(filled.made) % PUBLISH_EVERY == 0:
            publish(config)
    if run is not None:
        publish(config)
        filled.report = draw(config, run)
    return filled
