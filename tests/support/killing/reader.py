"""A reader that never rests: it opens the published copy again and again while runs are killed."""

import json
import os
import select
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from marketmap.errors import MarketmapError
from storage import connect
from tests.support.killing.forks import fork
from tests.support.killing.looking import State, digest_of, half_runs, maps_of, print_of

PAUSE_SECONDS = 0.1
KEPT = 20


@dataclass
class Seen:
    """What a reader saw.

    Attributes
    ----------
    opens : int
        How often it opened the published copy.
    reports : int
        How often it read a report that had changed.
    breaches : list of str
        What it should not have seen; the first ones.
    """

    opens: int = 0
    reports: int = 0
    n_breaches: int = 0
    breaches: list[str] = field(default_factory=list)

    def breach(self, what: str) -> None:
        """Note something that should not be."""
        self.n_breaches += 1
        self.breaches = [*self.breaches, what][:KEPT]


@dataclass(frozen=True)
class Place:
    """Where a reader looks, and between which states it may find it."""

    published: Path
    report: Path
    before: State
    after: State


def look(place: Place, *, was_there: bool, with_maps: bool = True) -> tuple[bool, list[str]]:
    """Open the published copy; return whether it is there, and what is wrong with it."""
    if not place.published.exists():
        expected = place.before.published is not None or was_there
        return False, ["the published copy is gone"] if expected else []
    with closing(connect(place.published)) as connection:
        wrong = half_runs(connection)
        seen = print_of(connection)
    if seen not in (place.before.published, place.after.published):
        known = {*(place.before.published or ()), *(place.after.published or ())}
        strange = [table for table, *numbers in seen if (table, *numbers) not in known]
        wrong.append(f"neither the old nor the new copy: {strange or 'a mixture of both'}")
    for day, digest in maps_of(place.published).items() if with_maps else ():
        if digest not in (place.before.maps.get(day), place.after.maps.get(day)):
            wrong.append(f"the map of {day} is neither the old nor the new one")
    return True, wrong


def look_at_report(place: Place) -> list[str]:
    """Return what is wrong with the report as it stands."""
    digest = digest_of(place.report)
    if digest in (place.before.report, place.after.report):
        return []
    return [f"neither the old nor the new report: {digest}"]


@contextmanager
def reading(link: Path, place_of: Callable[[Path], Place]) -> Iterator[Seen]:
    """Read wherever a link points to, in a process of its own; what it saw comes at the end."""
    stop, held = os.pipe()

    def work(writing: int) -> None:
        os.close(held)
        seen = _read_on(link, place_of, stop)
        with os.fdopen(writing, "w") as pipe:
            json.dump(vars(seen), pipe)

    reader = fork(work)
    os.close(stop)
    seen = Seen()
    try:
        yield seen
    finally:
        os.close(held)
        with os.fdopen(reader.words) as pipe:
            told = pipe.read()
        reader.wait()
        vars(seen).update(json.loads(told))


def _read_on(link: Path, place_of: Callable[[Path], Place], stop: int) -> Seen:
    seen, last, was_there, copy, report = Seen(), Path(), False, None, None
    while not select.select([stop], [], [], PAUSE_SECONDS)[0]:
        folder = _target(link)
        if folder is None:
            continue
        if folder != last:
            last, was_there, copy, report = folder, False, None, None
        place, wrong = place_of(folder), list[str]()
        try:
            before, copy = copy, _stamp(place.published)
            # Its rows are read each time; loading its maps takes long, and is done when it is new.
            was_there, wrong = look(place, was_there=was_there, with_maps=copy != before)
            seen.opens += was_there
            if (stamp := _stamp(place.report)) != report:
                report = stamp
                seen.reports += 1
                wrong += look_at_report(place)
        except (MarketmapError, OSError) as error:
            wrong = [f"cannot be read: {error}"]
        except Exception as error:  # whatever DuckDB says of half a file
            wrong = [f"{type(error).__name__}: {error}"]
        if _target(link) == folder:  # else it may be being removed
            for what in wrong:
                seen.breach(f"{folder.name}: {what}")
    return seen


def _target(link: Path) -> Path | None:
    try:
        return link.readlink()
    except OSError:
        return None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
