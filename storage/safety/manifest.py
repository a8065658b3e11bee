"""The manifest: which runs were stored and which reports drawn, told outside of the database.

A line (JSON) an event, only ever appended, each with a digest of its own. What it tells can be
compared with a database that was damaged, restored, or has lost its newest moments.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from storage.engine.errors import storage_error, write_error

NAME = "manifest.jsonl"


@dataclass(frozen=True)
class MadeRun:
    """A run that was stored.

    Attributes
    ----------
    run_id, map : str
    as_of : date
    made_at : datetime
        In UTC, as ``runs.created_at``.
    checksum : str
        As ``runs.checksum``.
    """

    run_id: str
    map: str
    as_of: date
    made_at: datetime
    checksum: str


@dataclass(frozen=True)
class DrawnReport:
    """A report that was written.

    Attributes
    ----------
    file : str
        Relative to the manifest's folder.
    map : str
    as_of : date
    sha256 : str
        Of the file.
    """

    file: str
    map: str
    as_of: date
    sha256: str


class Manifest:
    """A manifest file; beside the database, of the same name for all.

    Parameters
    ----------
    folder : Path
        The database's.

    Attributes
    ----------
    n_damaged : int
        Lines that could not be read when it was read last.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.n_damaged = 0

    def add(self, event: MadeRun | DrawnReport) -> None:
        """Append an event; it is on the disk when this returns.

        Raises
        ------
        StorageError
            The file cannot be written to.
        """
        told = json.loads(json.dumps({_KINDS[type(event)]: asdict(event)}, default=_text))
        line = json.dumps({**told, "sha256": _digest(told)}).encode("ascii") + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                size = os.fstat(descriptor).st_size
                if size and os.pread(descriptor, 1, size - 1) != b"\n":
                    line = b"\n" + line  # the end of a line that a full disk has cut
                os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise write_error(self.path, error, self.path.parent, len(line)) from None

    def runs(self) -> dict[str, MadeRun]:
        """Return the runs that were made, by id, each as it was made last."""
        return {
            event["run_id"]: MadeRun(
                event["run_id"],
                event["map"],
                date.fromisoformat(event["as_of"]),
                datetime.fromisoformat(event["made_at"]),
                event["checksum"],
            )
            for event in self._events("run")
        }

    def reports(self) -> dict[str, DrawnReport]:
        """Return the reports that were drawn, by file, each as it was drawn last."""
        return {
            event["file"]: DrawnReport(
                event["file"],
                event["map"],
                date.fromisoformat(event["as_of"]),
                event["sha256"],
            )
            for event in self._events("report")
        }

    def _events(self, kind: str) -> Iterator[Mapping[str, Any]]:
        self.n_damaged = 0
        try:
            lines = self.path.read_bytes().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise storage_error(self.path, error) from None
        for line in lines:
            try:
                told = json.loads(line)
                is_good = told.pop("sha256") == _digest(told)
            except (ValueError, KeyError, AttributeError, TypeError):
                is_good = False
            if not is_good:
                self.n_damaged += bool(line)
            elif kind in told:
                yield told[kind]


_KINDS: dict[type, str] = {MadeRun: "run", DrawnReport: "report"}


def _digest(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode("ascii")).hexdigest()[:16]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)
