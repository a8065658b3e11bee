"""The commands that look after what is kept: doctor, backup and restore."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.common import at_work, importing_flows, print_lines, settings_of
from flows.cli.options import ConfigOption, VerboseOption
from marketmap.printing import plural


def doctor(
    context: typer.Context,
    map_name: Annotated[
        str | None,
        typer.Option(
            "--map",
            "-m",
            metavar="NAME",
            help="The only map whose source is asked. Default: all of config.yaml.",
            show_default=False,
        ),
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Read every run, report and answer; may take minutes."),
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Check config, all that is kept, Prefect and sources, and say what to do.

    Reports that have been changed are drawn again. Exit code 1 says that something would keep a run
    from working, or that something is lost.
    """
    from rich.console import Console
    from rich.text import Text

    from flows.cli.doctor import examine
    from marketmap.printing import printable

    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    console, failed = Console(highlight=False, soft_wrap=True), False
    for finding in examine(config or context.obj, map_name, thorough=thorough):
        failed |= finding.verdict == "fail"
        verdict = Text(f"{finding.verdict:6}", style=colours[finding.verdict])
        console.print(verdict + Text(f"{finding.what}: {printable(finding.said)}"))
    if failed:
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Default: a new folder under data/backups.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Copy the database, the matrices and the manifest to another folder, and check the copy.

    Reports and archived answers are not part of it: both are plain files under data_dir.
    """
    _, loaded = settings_of(context, config)
    from storage import back_up

    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    print(back_up(loaded.database, output or loaded.data_dir / "backups" / stamp))


def restore(
    context: typer.Context,
    backup: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FOLDER",
            help="A backup to take, whatever the database is like.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Bring back what was lost or damaged.

    A damaged database gives way to the published copy or the newest backup, archived answers are
    read again, and runs that are missing still are fitted again. What was there is set aside, never
    deleted. Each map is restored alone. Exit code 1 says that a run is missing still, or that a map
    failed which was made before.
    """
    path, loaded = settings_of(context, config)
    from flows.steps.each_map import EachMap
    from flows.steps.recover import make_whole, missing_runs, publish_again, restorable

    each = EachMap(loaded)
    with at_work():
        print_lines(make_whole(loaded, backup, each))
        missing = missing_runs(loaded)
    days = restorable(loaded, missing)
    n_other = len(missing) - sum(map(len, days.values()))
    if n_other:
        print(
            f"{plural(n_other, 'lost run')} cannot be made again: {path} has other settings for "
            "the map now, or no such map"
        )
    n_made = 0
    if days:
        with importing_flows(loaded, verbose=verbose):
            from flows.restore import restore as flow
        with at_work():
            for name, lost_days in days.items():
                with each.alone(name):
                    result = flow(name, lost_days, path)
                    n_made += len(result.made)
                    print_lines(result.no_sessions.values())
    if not n_made:
        publish_again(loaded)
    print(_restored(n_made, len(missing)))
    print(f"published {loaded.published}")
    if n_made < len(missing) or each.is_failure:
        raise typer.Exit(1)


def _restored(n_made: int, n_missing: int) -> str:
    """Say what became of the runs that were missing."""
    if not n_missing:
        return "no run is missing"
    left = n_missing - n_made
    return f"made {plural(n_made, 'lost run')} again" + (
        f"; {left:,} still missing" if left else ""
    )
