"""Where the product is: its six stages, and every step in them that a kill could fall beside."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from typing import IO, Any

STAGES: dict[str, tuple[str, ...]] = {
    "fetch": ("flows.daily.list_assets", "flows.daily.bring_prices"),
    "upsert": (
        "flows.steps.answers.store_answers",
        "flows.steps.disputes.keep_sound",
        "flows.steps.listing.store_listing",
        "flows.steps.missing.release_common_moves",
    ),
    "fit": ("flows.daily.read_inputs", "flows.daily.compute_run", "flows.daily.findings_of"),
    "write": ("flows.daily.save_run",),
    "publish": ("flows.daily.publish",),
    "report": ("flows.daily.draw",),
}
"""The functions that a stage consists of. Answers are stored while others are asked for, so that
``upsert`` lies within ``fetch``, whose time goes on afterwards."""

STEPS = ("replace", "rename", "link", "unlink", "remove", "mkdir", "fsync")
"""Functions of :mod:`os`: all that pathlib, shutil and tempfile do to files goes through them."""

PIECE = 1 << 20
"""A file is copied in pieces of so many bytes, so that there are moments with half a copy."""

OUTSIDE = "-"


@dataclass
class Course:
    """What a run has come by.

    Attributes
    ----------
    passed : list of (stage, what)
        Every moment, in order.
    on_moment : callable
        Is told each moment's stage and number within it.
    on_stage : callable
        Is told the stage that the run is in from now on, and since when.
    """

    on_moment: Callable[[str, int], None] = lambda *_: None
    on_stage: Callable[[str, float], None] = lambda *_: None
    passed: list[tuple[str, str]] = field(default_factory=list)
    _stack: list[str] = field(default_factory=lambda: [OUTSIDE])

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Be in a stage while the block runs."""
        self._stack.append(name)
        self.on_stage(name, time.monotonic())
        self.moment("begin")
        yield
        self.moment("end")
        self._stack.pop()
        self.on_stage(self._stack[-1], time.monotonic())

    def moment(self, what: str) -> None:
        """Pass a moment; those of other threads come in no certain order and do not count."""
        stage = self._stack[-1]
        if stage == OUTSIDE or threading.current_thread() is not threading.main_thread():
            return
        number = sum(passed == stage for passed, _ in self.passed)
        self.passed.append((stage, what))
        self.on_moment(stage, number)


course = Course()
"""This process's."""


def follow(new: Course) -> None:
    """Begin another course."""
    global course
    course = new


def watch_the_product() -> None:
    """Wrap the product's functions, so that they tell the course where they are."""
    import_module("flows.daily")  # without Prefect
    import storage.engine.connection
    import storage.engine.transaction

    for stage, names in STAGES.items():
        for name in names:
            module, _, function = name.rpartition(".")
            original = getattr(sys.modules[module], function)
            _put_in_place_of(original, _in_stage(stage, original))
    _put_in_place_of(
        storage.engine.transaction.transaction, _watched(storage.engine.transaction.transaction)
    )
    database = storage.engine.connection.WorkingFile
    for method in ("close", "_abandon"):
        setattr(database, method, _beside(method, getattr(database, method)))
    for step in STEPS:
        setattr(os, step, _beside(step, getattr(os, step)))
    shutil.copyfileobj = _in_pieces


def _put_in_place_of(original: object, new: object) -> None:
    """Replace a function wherever the product has imported it by its name."""
    rooms = ("flows", "reports", "storage", "marketmap")
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in rooms:
            for key, value in list(vars(module).items()):
                if value is original:
                    setattr(module, key, new)


def _in_stage(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        with course.stage(stage):
            return function(*arguments, **named)

    return wrapped


def _beside(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        course.moment(f"before {what}")
        result = function(*arguments, **named)
        course.moment(f"after {what}")
        return result

    return wrapped


def _watched(transaction: Callable[..., Any]) -> Callable[..., Any]:
    @contextmanager
    def wrapped(*arguments: Any) -> Iterator[None]:
        with transaction(*arguments):
            yield
            course.moment("before commit")
        course.moment("after commit")

    return wrapped


def _in_pieces(source: IO[bytes], to: IO[bytes], _: int = 0) -> None:
    """Copy as :func:`shutil.copyfileobj` does, with moments in which half of it is there."""
    while piece := source.read(PIECE):
        to.write(piece)
        to.flush()
        course.moment("copied a piece")
