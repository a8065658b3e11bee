"""What the commands of the command line have in common, beside their options."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from marketmap.errors import ConfigError
from marketmap.printing import printable

if TYPE_CHECKING:
    from flows.steps.days import Filled
    from marketmap.config import Config


def settings_of(context: typer.Context, given: Path | None) -> "tuple[Path, Config]":
    """Read config.yaml, from where it was named."""
    from marketmap.config import load_config

    path: Path = given or context.obj
    return path, load_config(path)


def map_named(config: "Config", name: str | None) -> str:
    """Return a map's name, the first map's where none is given; a ConfigError if there is none."""
    chosen = name or config.default_map
    config.map_settings(chosen)
    return chosen


def maybe_day_of(option: str, text: str | None) -> date | None:
    """Read a day that may be left out."""
    return None if text is None else day_of(option, text)


def day_of(option: str, text: str) -> date:
    """Read a day, or raise a ConfigError that names the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{option} {text!r}: expected a day such as 2026-01-31") from None


@contextmanager
def starting_prefect(config: "Config", *, verbose: bool) -> Iterator[None]:
    """Prepare for the import of Prefect, which the block does while a temporary server starts."""
    from flows.service.environment import prepare, quiet_exit
    from flows.service.servers import temporary_server, wait_for
    from flows.steps.signals import interrupts_at_once

    quiet_exit()
    server = prepare(config, verbose=verbose)
    where = f"on the server at {server}" if server else "with a temporary server"
    with interrupts_at_once():
        print(f"starting Prefect {where} ...", file=sys.stderr, flush=True)
        temporary = None if server else temporary_server()
        yield
        if temporary is not None:
            wait_for(temporary)


@contextmanager
def at_work() -> Iterator[None]:
    """Show what a flow says, and let Ctrl-C end it."""
    from flows.steps.progress import on_screen
    from flows.steps.signals import interrupts_in_time

    with interrupts_in_time(), on_screen():
        yield


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, in which strangers' names may stand."""
    for line in lines:
        print(printable(line))


def tell_filled(filled: "Filled") -> None:
    """Print what became of a range of days."""
    print(f"made {len(filled.made)} maps, skipped {len(filled.skipped)} days")
    if filled.report is not None:
        print(f"report: {filled.report}")
    if filled.skipped:
        raise typer.Exit(1)
