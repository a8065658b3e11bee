"""What the commands of the command line have in common, beside their options."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from marketmap.errors import ConfigError, MarketmapError, SourceDownError
from marketmap.printing import NAMED, first_to_last, plural, printable

if TYPE_CHECKING:
    from flows.steps.ahead import Look
    from flows.steps.days import BackfillResult
    from marketmap.config import Config

NOT_RECORDED = "no Prefect server is up, so this run is not recorded; marketmap serve starts one"


def settings_of(context: typer.Context, given: Path | None) -> "tuple[Path, Config]":
    """Read config.yaml, from where it was named."""
    from marketmap.config import load_config

    path: Path = given or context.obj
    return path, load_config(path)


def map_named(config: "Config", name: str | None) -> str:
    """Return the map that is to be made: the one that is named, or config.yaml's first.

    Raises
    ------
    ConfigError
        It has no such map.
    """
    chosen = name or config.default_map
    config.map_settings(chosen)
    return chosen


def stored_map(config: "Config", name: str | None) -> str:
    """Return the stored map that is meant: the named one, or the first of config.yaml.

    Raises
    ------
    ConfigError
        Of that map no day is stored; the message lists those of which one is.
    """
    from storage import stored_maps

    stored = stored_maps(config.published)
    if name is None and stored:
        first = next((known for known in config.maps if known in stored), stored[0])
        if first != config.default_map:
            which = "only" if len(stored) == 1 else "first"
            print(f"map {first}, the {which} one that is stored", file=sys.stderr)
        return first
    chosen = name or config.default_map
    if stored and chosen not in stored:
        make_it = f"; to make one: marketmap run --map {chosen}" if chosen in config.maps else ""
        named = ", ".join(stored)
        raise ConfigError(
            f"no day of map {chosen!r} is stored; write --map and one of: {named}{make_it}"
        )
    return chosen


def maybe_day_of(option: str, text: str | None) -> date | None:
    """Read a day that may be left out."""
    return None if text is None else day_of(option, text)


def day_of(option: str, text: str) -> date:
    """Read a day, or raise a ConfigError that names the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option} {text!r}: no such day; expected one such as 2026-01-31"
        ) from None


def span(days: Sequence[date]) -> str:
    """Write how many days are stored, and which: ``3 stored days, 2025-12-29 to 2025-12-31``."""
    return f"{plural(len(days), 'stored day')}, {first_to_last(days)}"


@contextmanager
def importing_flows(
    config: "Config", name: str | None = None, look: "Look | None" = None, *, verbose: bool
) -> Iterator[None]:
    """Prepare for the import of a flow, which the block does: recorded where a server is up.

    Prefect is not imported where nobody would see its record. What can be known of a map before is
    looked at first: the import takes seconds, and many on a busy machine.
    """
    from flows.recording import without_prefect
    from flows.service.environment import find_server, prepare
    from flows.steps.ahead import look_ahead
    from flows.steps.signals import interrupts_at_once

    with interrupts_at_once():
        if name is not None and look is not None:
            look_ahead(config, name, look)
        server = find_server(config)
        if server is None:
            print(NOT_RECORDED, file=sys.stderr, flush=True)
            without_prefect()
        else:
            print(f"recording to the Prefect server at {server} ...", file=sys.stderr, flush=True)
            prepare(config, server, verbose=verbose)
        yield


@contextmanager
def at_work() -> Iterator[None]:
    """Show what a flow says, and let Ctrl-C end it."""
    from flows.cli.screen import on_screen
    from flows.steps.signals import interrupts_in_time

    with interrupts_in_time(), on_screen():
        yield


def with_advice(error: MarketmapError) -> str:
    """Say what went wrong, and what to do where a source does not answer."""
    down = isinstance(error, SourceDownError)
    return f"{error}" + ("; check the network and base_url, or try again later" if down else "")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines, in which strangers' names may stand."""
    for line in lines:
        print(printable(line))


def say_written(output: Path | None) -> None:
    """Say that a file has been written, where one was asked for."""
    if output is not None:
        print(f"written: {printable(str(output))}")


def print_result(result: "BackfillResult") -> None:
    """Print what became of a range of days; exit code 1 where a day has no map that should."""
    made, skipped = plural(len(result.made), "map"), plural(len(result.skipped), "day")
    print(f"made {made}, skipped {skipped}")
    if result.no_sessions:
        print(_closed(list(result.no_sessions)))
        if not result.made:
            print(list(result.no_sessions.values())[-1])
    if result.report is not None:
        print(f"report: {result.report}")
    if result.skipped:
        raise typer.Exit(1)


def _closed(days: Sequence[date]) -> str:
    """Say on which days the market was closed."""
    were = "day was no session" if len(days) == 1 else "days were no sessions"
    which = ", ".join(map(str, days)) if len(days) <= NAMED else f"from {first_to_last(days)}"
    return f"{len(days):,} {were}: {which}"
