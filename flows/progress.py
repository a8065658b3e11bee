"""What a person sees while a flow works: one line a stage, and a bar where things are counted.

Flows speak through Python's logging (logger ``flows``), and the library warns through it (logger
``marketmap``), so the same lines reach Prefect's UI, a terminal or a log file; :class:`Screen` is
what writes them to the terminal.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

log = logging.getLogger("flows")
log.setLevel(logging.INFO)

_STEPS = 10  # where nobody watches, counting says so many lines


def tell(line: str) -> None:
    """Say that a stage is reached."""
    log.info(line)


def warn(line: str) -> None:
    """Say something that a person should know."""
    log.warning(line)


def count(what: str, done: int, total: int) -> None:
    """Say how far a counted stage is."""
    log.info("%s %d/%d", what, done, total, extra={"counted": (what, done, total)})


class Screen(logging.Handler):
    """Writes the flows' lines to stderr: with a bar on a terminal, plainly elsewhere."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.console = Console(stderr=True, highlight=False)
        self.bar: Progress | None = None
        self.task = TaskID(0)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        counted = getattr(record, "counted", None)
        if counted is not None:
            self._count(*counted)
            return
        self.close_bar()
        line = record.getMessage()
        if not self.console.is_terminal:
            print(line, file=sys.stderr, flush=True)
        elif record.levelno >= logging.WARNING:
            self.console.print(line, style="yellow", markup=False)
        else:
            self.console.print(line, markup=False)

    def _count(self, what: str, done: int, total: int) -> None:
        if not self.console.is_terminal:
            if done in (0, total) or done * _STEPS // total > (done - 1) * _STEPS // total:
                print(f"{what} {done}/{total}", file=sys.stderr, flush=True)
            return
        if self.bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self.bar = Progress(*columns, console=self.console)
            self.bar.start()
            self.task = self.bar.add_task(what, total=total)
        self.bar.update(self.task, description=what, completed=done, total=total)
        if done >= total:
            self.close_bar()

    def close_bar(self) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


@contextmanager
def on_screen() -> Iterator[None]:
    """Show the flows' and the library's lines on the terminal while the block runs."""
    screen = Screen()
    loggers = [log, logging.getLogger("marketmap")]
    propagated = [logger.propagate for logger in loggers]
    for logger in loggers:
        logger.addHandler(screen)
        logger.propagate = False
    try:
        yield
    finally:
        screen.close_bar()
        for logger, before in zip(loggers, propagated, strict=True):
            logger.removeHandler(screen)
            logger.propagate = before
