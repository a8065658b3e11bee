"""What a run starts from and what comes of it when nobody kills it; and when to kill it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from marketmap.config import load_config
from tests.support.killing import desk, moments
from tests.support.killing.forks import apart
from tests.support.killing.looking import State, state_of
from tests.support.killing.reader import Place
from tests.support.remote import YESTERDAY
from tests.support.warm import warm_up


@dataclass(frozen=True)
class Scene:
    """What a run starts from, and what comes of it when nobody kills it."""

    name: str
    base: Path
    url: str
    before: State
    after: State
    recording: desk.Recording


@dataclass(frozen=True)
class Kill:
    """When a run is killed: at a stage's n-th moment, or after a share of its time."""

    scene: Scene
    stage: str
    number: int | None = None
    share: float = 0.0

    def earlier(self) -> "Kill":
        """Return a kill of the same kind at an earlier moment."""
        number = None if self.number is None else self.number // 4
        return replace(self, number=number, share=self.share / 2)

    def __str__(self) -> str:
        if self.number is None:
            return f"{self.scene.name}, {self.stage}, {self.share:.3f} of its time"
        passed = [what for stage, what in self.scene.recording.passed if stage == self.stage]
        return f"{self.scene.name}, {self.stage}, moment {self.number} ({passed[self.number]})"


def report_of(folder: Path) -> Path:
    """Return where the newest day's report lies."""
    return folder / "data" / "reports" / "demo" / f"{YESTERDAY}.html"


def place_in(scene: Scene, folder: Path) -> Place:
    """Return what is to be found in a folder."""
    published = folder / "data" / "published" / "marketmap.duckdb"
    return Place(published, report_of(folder), scene.before, scene.after)


def prepare(root: Path, market: desk.Market) -> list[Scene]:
    """Make what runs start from: an empty folder, and one that holds yesterday and this morning."""
    fresh, evening = root / "fresh", root / "evening"
    desk.write_config(fresh, market.evening)
    desk.write_config(evening, market.yesterday)
    warm_up(apart(desk.record, evening, 1).modules)
    desk.write_config(evening, market.morning)
    apart(desk.make_map, evening)
    return [_scene(root, base, market.evening) for base in (fresh, evening)]


def _scene(root: Path, base: Path, url: str) -> Scene:
    whole = root / f"whole-{base.name}"
    before = apart(_state, base)
    desk.copy_of(base, whole, url)
    recording = apart(desk.record, whole)
    after = apart(_state, whole)
    assert after.published is not None
    assert before.published != after.published
    assert before.report != after.report
    return Scene(base.name, base, url, before, after, recording)


def _state(folder: Path) -> State:
    return state_of(load_config(folder / "config.yaml"), report_of(folder))


def singly(
    scenes: list[Scene], n_random: int, n_exact: int, at_least: int, draw: random.Random
) -> Iterator[Kill]:
    """Choose when to kill: each run once, before a plain one."""
    for stage in moments.STAGES:
        exact = [
            Kill(scene, stage, number)
            for scene in scenes
            for number in range(scene.recording.n_moments(stage))
        ]
        exact = draw.sample(exact, min(n_exact, len(exact)))
        yield from exact
        for number in range(max(n_random, at_least - len(exact))):
            yield Kill(scenes[number % len(scenes)], stage, share=draw.random())


def in_chains(scenes: list[Scene], n_chains: int, draw: random.Random) -> Iterator[list[Kill]]:
    """Choose when to kill: run after run, each in a later stage, before a plain one.

    Half of the kills fall at any time, the others beside a step.
    """
    for number in range(n_chains):
        scene = scenes[number % len(scenes)]
        yield [
            Kill(scene, stage, draw.randrange(scene.recording.n_moments(stage)))
            if (number + place) % 2
            else Kill(scene, stage, share=draw.random())
            for place, stage in enumerate(moments.STAGES)
        ]
