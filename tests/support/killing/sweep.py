"""The sweep: runs are killed at moments of every stage, looked at, run again and compared."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.support.killing import desk, moments
from tests.support.killing.forks import apart, fork, kill_in_stage
from tests.support.killing.looking import Tally
from tests.support.killing.reader import Place, Seen, reading
from tests.support.killing.remains import Found, look_at_remains, run_again
from tests.support.killing.scenes import Kill, Scene, place_in

TRIES = 3
"""How often a run is killed at an earlier moment where it was over before."""


@dataclass
class Result:
    """What came of the kills of a stage."""

    kills: int = 0
    exact: int = 0
    missed: int = 0
    tally: Tally = field(default_factory=Tally)
    said: list[str] = field(default_factory=list)

    def note(self, kill: object, found: Found) -> None:
        """Add what was found after a kill, and say at once what should not be."""
        tally, lines = found
        self.tally.add(tally)
        for line in lines:
            self.said.append(f"{kill}: {line}")
            print(f"  {self.said[-1]}", file=sys.stderr, flush=True)


class Sweep:
    """Kills, looks, runs again, compares.

    Parameters
    ----------
    root : Path
        A folder for all of it.
    scenes : list of Scene

    Attributes
    ----------
    results : dict of str to Result
        By stage. What a plain run shows counts for the stage of the kill before it.
    """

    def __init__(self, root: Path, scenes: list[Scene]) -> None:
        self._scenes = {scene.name: scene for scene in scenes}
        self.results = {stage: Result() for stage in moments.STAGES}
        self._root = root
        self._numbers = count(1)
        self._link = root / "current"
        self._last: Path | None = None

    def read(self) -> AbstractContextManager[Seen]:
        """Let somebody read all the time what is being worked on."""
        return reading(self._link, self._place)

    def _place(self, folder: Path) -> Place:
        return place_in(self._scenes[folder.name.partition("-")[0]], folder)

    def go(self, chains: Iterable[list[Kill]]) -> Iterator[None]:
        """Go through chains of kills; each ends with a plain run."""
        for chain in chains:
            self._go_through(chain)
            yield

    def _go_through(self, chain: list[Kill]) -> None:
        scene = chain[0].scene
        folder = self._next_folder(scene)
        last = self.results[chain[-1].stage]
        for kill in chain:
            result = self.results[kill.stage]
            if not self._kill(kill, folder):
                result.missed += 1
                continue
            result.kills += 1
            result.exact += kill.number is not None
            result.note(kill, apart(look_at_remains, scene, folder))
        last.note(chain[-1], apart(run_again, scene, folder))

    def _kill(self, kill: Kill, folder: Path) -> bool:
        """Run and kill; tell whether the run came so far."""
        for _ in range(TRIES):
            if kill.number is not None:
                child = fork(desk.watched_run(folder, (kill.stage, kill.number)))
                killed = kill_in_stage(child, kill.stage)
            else:
                child = fork(desk.watched_run(folder, None))
                seconds = kill.share * kill.scene.recording.seconds[kill.stage]
                killed = kill_in_stage(child, kill.stage, seconds)
            if killed:
                return True
            kill = kill.earlier()  # it had less to do, or was faster, than the one on record
        return False

    def _next_folder(self, scene: Scene) -> Path:
        """Prepare a new folder for the reader to read, and remove what it read before."""
        number = next(self._numbers)
        folder = self._root / "attempts" / f"{scene.name}-{number:04d}"
        desk.copy_of(scene.base, folder, scene.url)
        new = self._link.with_suffix(".new")
        new.symlink_to(folder)
        new.replace(self._link)
        if self._last is not None:
            shutil.rmtree(self._last)
        self._last = folder
        return folder
