"""``marketmap serve``: a Prefect server and the schedule, kept alive for as long as this runs.

Both are child processes. One that dies is started again, later each time; one that dies again and
again ends the service with an error. Both end when this process does, even when it is killed.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from flows.service.environment import empty_folder, find_server, prefect_home, prepare
from flows.service.prefect_database import put_aside_if_damaged
from flows.service.servers import lasting_server
from flows.service.supervisor import Child
from flows.steps.ahead import look_at_scheduled
from flows.steps.lock import serve_lock
from flows.steps.progress import tell
from marketmap.config import Config
from marketmap.errors import ConfigError

LONGEST_SECONDS = 366 * 86_400.0


def serve(config: Config, config_path: Path, *, port: int | None, every: float | None) -> None:
    """Make the scheduled maps for as long as this process lives.

    Parameters
    ----------
    config, config_path
        The configuration and where it stands.
    port : int or None
        The server's; None takes Prefect's usual 4200, or a free one where that is taken.
    every : float or None
        Seconds between the runs of a map, instead of ``schedule.cron``.

    Raises
    ------
    ConfigError
        A scheduled map can never be made, or the seconds are none.
    ServiceError
        The server or the schedule ended again and again.
    """
    if every is not None and not 1 <= every <= LONGEST_SECONDS:
        raise ConfigError(f"--every {every:g}: expected 1 to {LONGEST_SECONDS:.0f} seconds")
    with serve_lock(config):
        look_at_scheduled(config)
        url = find_server(config)
        prepare(config, url, verbose=True)
        if url is None:
            put_aside_if_damaged(prefect_home(config))
        children = [] if url else [lasting_server(config, port)]
        url = url or children[0].environment["PREFECT_API_URL"]
        seconds = [] if every is None else [str(every)]
        command = ["flows.service.schedule", str(config_path.absolute()), *seconds]
        folder = empty_folder(config)
        children.append(Child("schedule", command, {"PREFECT_API_URL": url}, folder=folder))
        _announce(config, url, every)
        _supervise(children, lambda: tell(f"Prefect's UI: {url.removesuffix('/api')}"))


def _announce(config: Config, url: str, every: float | None) -> None:
    names = ", ".join(config.scheduled_maps)
    when = f"every {every:g} s" if every else f"at {config.schedule.cron} (cron, UTC)"
    tell(f"serving {names} {when}; Prefect's API: {url}; Ctrl-C ends it")


def _supervise(children: list[Child], when_up: Callable[[], None]) -> None:
    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    told = False
    try:
        while True:
            # The schedule comes after its server, in starting as in ending.
            alive = all(child.revive() for child in children)
            if alive and not told:
                when_up()
                told = True
            time.sleep(0.5)
    except KeyboardInterrupt:
        tell("ending")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()
        signal.signal(signal.SIGTERM, before)
