"""Commands in forks of a process that has their libraries: each would take seconds to load them."""

import atexit
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

STREAMS = ("stdin", "stdout", "stderr")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.warm_commands"])


def run_in_fork(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], stdin: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run ``marketmap`` with some arguments, in a folder and with no other variables than these."""
    with tempfile.TemporaryDirectory(prefix="marketmap-fork-") as place:
        streams = [Path(place) / name for name in STREAMS]
        for stream in streams:
            stream.write_text(stdin if stream.name == "stdin" else "")
        process = _context.Process(target=_become, args=(arguments, folder, variables, streams))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(["marketmap", *arguments], seconds)
        told = [stream.read_text() for stream in streams[1:]]
        return subprocess.CompletedProcess(["marketmap", *arguments], process.exitcode, *told)


def _become(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], streams: Sequence[Path]
) -> None:
    """Be the command, from its first line to what Python does when it ends."""
    for number, stream in enumerate(streams):
        opened = os.open(stream, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["marketmap", *arguments]
    from flows.cli.app import main

    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # what Python would do
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)
