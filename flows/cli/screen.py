"""What a terminal shows while a command works."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from flows.steps.progress import FAMILIES
from marketmap.printing import printable

# Where nobody watches, counting says so many lines, and never nothing for longer than a minute.
_STEPS = 10
_SILENCE_SECONDS = 60.0


class Screen(logging.Handler):
    """Writes the flows' lines to stderr: with a bar on a terminal, plainly elsewhere."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.console = Console(stderr=True, highlight=False)
        self.bar: Progress | None = None
        self.task = TaskID(0)
        self.step: tuple[str, int, int] | None = None
        self.said_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        counted = getattr(record, "counted", None)
        if counted is not None:
            self._count(*counted)
            return
        self.close_bar()
        line = printable(record.getMessage())
        if not self.console.is_terminal:
            print(line, file=sys.stderr, flush=True)
        elif record.levelno >= logging.WARNING:
            self.console.print(line, style="yellow", markup=False)
        else:
            self.console.print(line, markup=False)

    def _count(self, what: str, done: int, total: int, note: str) -> None:
        if not self.console.is_terminal:
            self._count_plainly(what, done, total, note)
            return
        if self.bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
            )
            self.bar = Progress(*columns, console=self.console)
            self.bar.start()
            self.task = self.bar.add_task(what, total=total, note=note)
        self.bar.update(self.task, description=what, completed=done, total=total, note=note)
        if done >= total:
            self.close_bar()

    def _count_plainly(self, what: str, done: int, total: int, note: str) -> None:
        """Write a line at the beginning, at the end, and a few on the way or every minute."""
        step, now = (what, total, done * _STEPS // max(total, 1)), time.monotonic()
        if step != self.step or now - self.said_at > _SILENCE_SECONDS or done >= total:
            self.step, self.said_at = step, now
            print(
                f"{what} {done}/{total}{f', {note}' if note else ''}", file=sys.stderr, flush=True
            )

    def close_bar(self) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


@contextmanager
def on_screen() -> Iterator[None]:
    """Show the flows' and the library's lines on the terminal while the block runs."""
    screen = Screen()
    loggers = [logging.getLogger(family) for family in FAMILIES]
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
