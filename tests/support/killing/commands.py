"""``marketmap run`` itself, recorded by a Prefect server, killed and started again."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.command import Desk
from tests.support.killing import desk
from tests.support.killing.forks import apart
from tests.support.killing.looking import Tally
from tests.support.killing.remains import compare, look_at_remains
from tests.support.killing.scenes import Scene
from tests.support.killing.sweep import Result
from tests.support.prefect_server import shared_server

FIRST_LINE = "map demo, "
PATIENCE_SECONDS = 30.0
"""What a killed command has started, such as Prefect's server, has so long to end by itself."""


@dataclass
class Commands:
    """Kills of the command.

    Attributes
    ----------
    result : Result
    orphans : int
        Kills after which something that the command had started did not end by itself.
    """

    result: Result = field(default_factory=Result)
    orphans: int = 0


def kill_commands(
    root: Path, scene: Scene, commands: Commands, n_kills: int, draw: random.Random
) -> Iterator[None]:
    """Kill a command at any time of its flow, run it again, compare and count."""
    if not n_kills:
        return
    with shared_server(root / "prefect") as server:
        environment = {"PREFECT_API_URL": server}
        whole = Desk(root / "commands-whole", environment)
        desk.copy_of(scene.base, whole.folder, scene.url)
        started, process = _start(whole)
        process.communicate()
        seconds = time.monotonic() - started
        for number in range(n_kills):
            copy = Desk(root / f"commands-{number}", environment)
            desk.copy_of(scene.base, copy.folder, scene.url)
            share = draw.random()
            _kill_one(scene, copy, share, share * seconds, commands)
            shutil.rmtree(copy.folder)
            yield


def _kill_one(scene: Scene, copy: Desk, share: float, seconds: float, commands: Commands) -> None:
    """Kill a command after some seconds of its flow, look at what is left, and run it again."""
    result, what = commands.result, f"command, {share:.3f} of its time"
    was_killed, has_ended = _kill(copy, seconds)
    if not was_killed:
        result.missed += 1
        return
    result.kills += 1
    commands.orphans += not has_ended
    result.note(what, apart(look_at_remains, scene, copy.folder))
    result.note(what, _again(scene, copy))


def _again(scene: Scene, copy: Desk) -> tuple[Tally, list[str]]:
    run = copy.run("run")
    if run.returncode != 0:
        return Tally(failed=1), [f"run again: {run.stderr[-2000:]}"]
    return apart(compare, scene, copy.folder)


def _start(copy: Desk) -> "tuple[float, subprocess.Popen[str]]":
    """Start a command, and return when its flow began."""
    process = subprocess.Popen(
        copy.command("run"),
        cwd=copy.folder,
        env=copy.variables(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(FIRST_LINE):
            break
    return time.monotonic(), process  # what else it says fits into the pipe


def _kill(copy: Desk, seconds: float) -> tuple[bool, bool]:
    """Kill a command; tell whether it was alive, and whether all that it started ends, too."""
    started, process = _start(copy)
    time.sleep(max(0.0, started + seconds - time.monotonic()))
    process.kill()
    was_killed = process.wait() == -signal.SIGKILL
    deadline = time.monotonic() + PATIENCE_SECONDS
    while has_company := _is_there(process.pid):
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.1)
    if process.stderr is not None:
        process.stderr.close()
    return was_killed, not has_company


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
