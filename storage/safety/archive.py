"""The archive: every body as it came, compressed, so that it can be read again without asking."""

import gzip
import hashlib
import json
import logging
import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from marketmap.sources.answers import ArchivedAnswer, Window
from storage.engine.errors import storage_error
from storage.engine.files import TEMPORARY, remove_leftovers, whole_file

QUICKLY = 3
"""gzip's level: a quarter of the time of its best, for files a tenth larger."""

log = logging.getLogger("marketmap.archive")
"""Of the family whose lines a person sees while a flow works."""

ENDING = ".jsonl.gz"
STAMP = "%Y%m%dT%H%M%S.%fZ"
"""A file is named after the moment at which it was written, so that names are in order of time."""

_turn = threading.Lock()


class Archive:
    """Bodies in files that are written once, each with a line (JSON) a body.

    Parameters
    ----------
    folder : Path
        Made where it is missing. A file is ``<source>/<year>/<moment>-<process>.jsonl.gz``.
    max_bytes : int
        The oldest files are removed as soon as all together take more; 0 keeps nothing.

    Attributes
    ----------
    damaged : list of Path
        Files in which :meth:`bodies` found something that cannot be read.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self.damaged: list[Path] = []

    def keep(self, source: str, bodies: Iterable[ArchivedAnswer]) -> None:
        """Write bodies into one new file, which is there as a whole or not at all.

        Raises
        ------
        StorageError
            The folder cannot be written to.
        """
        bodies = list(bodies)
        if not bodies:
            return
        try:
            with _turn:  # so that of this process no other file is being written
                remove_leftovers(self.folder.glob(f"*/*/.*{ENDING}*{TEMPORARY}"), own=True)
                written = self._write(source, bodies) if self.max_bytes > 0 else None
                self._trim(written)
        except OSError as error:
            raise storage_error(f"{self.folder}: bodies not archived", error) from None

    def bodies(self, source: str, since: datetime | None = None) -> Iterator[ArchivedAnswer]:
        """Return a source's bodies, the oldest file first and in each file the oldest body.

        What is damaged is warned of, named in ``damaged`` and left out.

        Parameters
        ----------
        source : str
        since : datetime, optional
            Leave out bodies that came before it.
        """
        start = datetime.min.replace(tzinfo=UTC) if since is None else _aware(since)
        for path in sorted((self.folder / _folder_name(source)).glob(f"*/*{ENDING}"), key=_age):
            # No body of a file is younger than its name.
            if since is None or _age(path) >= start.strftime(STAMP):
                found = sorted(self._read(path), key=lambda body: body.at)
                yield from (body for body in found if body.at >= start)

    def every_body(self) -> Iterator[ArchivedAnswer]:
        """Return all bodies, in no order; what is damaged is told as by :meth:`bodies`."""
        for path in sorted(self.folder.glob(f"*/*/*{ENDING}")):
            yield from self._read(path)

    def _write(self, source: str, bodies: Sequence[ArchivedAnswer]) -> Path:
        moment = max(datetime.now(UTC), *(_aware(body.at) for body in bodies))
        while (path := self._path(source, moment)).exists():
            moment += timedelta(microseconds=1)
        with (
            whole_file(path) as file,
            # Neither a name nor a time inside: the same bodies make the same bytes.
            gzip.GzipFile("", "wb", QUICKLY, file, mtime=0) as packed,
        ):
            packed.writelines(map(_line, bodies))
        return path

    def _path(self, source: str, moment: datetime) -> Path:
        name = f"{moment.strftime(STAMP)}-{os.getpid()}{ENDING}"
        return self.folder / _folder_name(source) / f"{moment:%Y}" / name

    def _trim(self, written: Path | None) -> None:
        """Remove the oldest files of all sources until the rest is small enough."""
        sizes = dict(_sizes(self.folder))
        total = sum(sizes.values())
        for path in sorted(sizes, key=_age):
            if total <= self.max_bytes:
                return
            if path != written:
                path.unlink(missing_ok=True)
                total -= sizes[path]
        if total > self.max_bytes:
            log.warning(
                "%s: %d bytes, kept although the archive may hold only %d",
                written,
                total,
                self.max_bytes,
            )

    def _read(self, path: Path) -> Iterator[ArchivedAnswer]:
        try:
            with gzip.open(path, "rb") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        yield _body(line)
                    except (ValueError, KeyError, TypeError, AttributeError):
                        self._warn(path, f"line {number} is damaged, left out")
        except (OSError, EOFError, zlib.error) as error:
            self._warn(path, f"damaged, what can be read of it is used ({error})")

    def _warn(self, path: Path, what: str) -> None:
        log.warning("%s: %s", path, what)
        if path not in self.damaged:
            self.damaged.append(path)


def _line(body: ArchivedAnswer) -> bytes:
    window = body.window
    row = {
        "window": {
            "asset_id": window.asset_id,
            "first": window.first.isoformat(),
            "last": window.last.isoformat(),
        },
        "at": _aware(body.at).isoformat(),
        "request": dict(body.request),
        "accepted": body.accepted,
        "sha256": _digest(body.text),
        "text": body.text,
    }
    return json.dumps(row).encode("ascii") + b"\n"


def _body(line: bytes) -> ArchivedAnswer:
    row: dict[str, Any] = json.loads(line)
    text, window = row["text"], row["window"]
    if _digest(text) != row["sha256"]:
        raise ValueError("the text is not the one that was written")
    return ArchivedAnswer(
        window=Window(
            window["asset_id"],
            date.fromisoformat(window["first"]),
            date.fromisoformat(window["last"]),
        ),
        at=_aware(datetime.fromisoformat(row["at"])),
        request=row["request"],
        accepted=row["accepted"],
        text=text,
    )


def _digest(text: str) -> str:
    # Half a surrogate pair, which JSON can hold, is kept as it is.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _aware(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone is UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _folder_name(source: str) -> str:
    return source.replace(":", "-")


def _age(path: Path) -> str:
    return path.name


def _sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in folder.glob(f"*/*/*{ENDING}"):
        try:
            yield path, path.stat().st_size
        except FileNotFoundError:  # another process has just removed it
            continue
