"""The command line, ``marketmap``: every command, what it takes and what it prints.

What a command needs is imported when it is called: Prefect takes seconds, and neither a query nor
a report wants it.
"""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli import maintenance
from flows.cli.common import (
    at_work,
    day_of,
    importing_flows,
    map_named,
    maybe_day_of,
    print_lines,
    print_result,
    say_written,
    settings_of,
    span,
    stored_map,
    with_advice,
)
from flows.cli.options import (
    ConfigOption,
    DayOption,
    MapOption,
    OutputOption,
    StoredMapOption,
    VerboseOption,
)
from marketmap.errors import ConfigError, MarketmapError
from marketmap.printing import printable

CTRL_C = 130

app = typer.Typer(
    name="marketmap",
    help="The structure of a market, every day, as a database and a map.",
    epilog="Start with: marketmap run --map demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"marketmap {version('marketmap')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path,
        typer.Option(
            "--config", "-c", metavar="FILE", envvar="MARKETMAP_CONFIG", help="What to map."
        ),
    ] = Path("config.yaml"),
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option("--version", is_eager=True, callback=_version, help="Print the version."),
    ] = False,
) -> None:
    """Take what stands before the command."""
    context.obj = config


@app.command(epilog="Example: marketmap run --map crypto --as-of 2026-01-31")
def run(
    context: typer.Context,
    map_name: MapOption = None,
    as_of: DayOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Make a map: fetch, choose, fit, store, publish, draw.

    Without --as-of it is the map of the last complete day. Making the same day again replaces it.
    """
    path, loaded = settings_of(context, config)
    name = map_named(loaded, map_name)
    day = maybe_day_of("--as-of", as_of)
    from flows.steps.ahead import look_at_day

    with importing_flows(loaded, name, look_at_day(day), verbose=verbose):
        from flows.cli.summary import summary
        from flows.daily import daily
    with at_work():
        made = daily(name, day, path)
    print_lines(summary(made.stored, made.report))


@app.command(epilog="Example: marketmap fetch --map crypto --from 2013-04-28")
def fetch(
    context: typer.Context,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="The first day. Default: the window's."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="YYYY-MM-DD", help="The last day. Default: the newest."),
    ] = None,
    map_name: MapOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Fetch a map's listing and prices, and make no map.

    Only what is not stored yet is asked for, so a fetch that was ended goes on where it was.
    """
    path, loaded = settings_of(context, config)
    name = map_named(loaded, map_name)
    first, last = maybe_day_of("--from", start), maybe_day_of("--to", end)
    from flows.steps.ahead import look_at_span

    with importing_flows(loaded, name, look_at_span(first, last), verbose=verbose):
        from flows.fetch import fetch as flow
    with at_work():
        notes = flow(first, last, name, path)
    print_lines(f"note: {note}" for note in notes)
    print(f"prices are stored; to make a map of them: marketmap run --map {name}")


@app.command(epilog="Example: marketmap replay --map crypto")
def replay(context: typer.Context, map_name: MapOption = None, config: ConfigOption = None) -> None:
    """Read all archived answers again, without asking anybody.

    For after a change of how answers are read: stored listings and prices become what the newest
    answer about each day says today, and each change is kept among the revisions.
    """
    _, loaded = settings_of(context, config)
    name = map_named(loaded, map_name)
    from flows.steps.context import map_context
    from flows.steps.replay import replay as work

    with at_work():
        print(work(map_context(loaded, name)))


@app.command(epilog="Example: marketmap report --map crypto --as-of 2026-01-31")
def report(
    context: typer.Context,
    map_name: StoredMapOption = None,
    as_of: DayOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: under data/reports."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Draw a stored map's report again, from the database alone.

    Nothing is fetched or fitted. Without --as-of it is the newest stored day.
    """
    _, loaded = settings_of(context, config)
    name, day = stored_map(loaded, map_name), maybe_day_of("--as-of", as_of)
    from flows.steps.report import keep_report
    from reports import write_report
    from storage import load_run

    stored = load_run(name, day, loaded.published)
    print(write_report(stored, output) if output else keep_report(loaded, stored))


@app.command(epilog="Example: marketmap backfill --from 2025-01-01 --every 7")
def backfill(
    context: typer.Context,
    start: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM-DD", help="The first day.", show_default=False)
    ],
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="YYYY-MM-DD", help="The last day. Default: the newest."),
    ] = None,
    every: Annotated[
        int, typer.Option(metavar="DAYS", min=1, help="Days between maps, counted from the last.")
    ] = 1,
    map_name: MapOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Make the maps of past days.

    What is missing is fetched once. A day that cannot be made is skipped with a word; exit code 1
    says that some were. Days on which the market was closed (calendar: sessions) are no failure.
    """
    path, loaded = settings_of(context, config)
    name = map_named(loaded, map_name)
    first, last = day_of("--from", start), maybe_day_of("--to", end)
    from flows.steps.ahead import look_at_span

    with importing_flows(loaded, name, look_at_span(first, last, every), verbose=verbose):
        from flows.backfill import backfill as flow
    with at_work():
        result = flow(first, last, every, name, path)
    print_result(result)


@app.command(epilog="Example: marketmap rebuild --from 2025-01-01")
def rebuild(
    context: typer.Context,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="The first day. Default: the oldest."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="YYYY-MM-DD", help="The last day. Default: the newest."),
    ] = None,
    map_name: StoredMapOption = None,
    config: ConfigOption = None,
    verbose: VerboseOption = False,
) -> None:
    """Refit stored days after a change of settings.

    Nothing is fetched: listings and prices are those that are stored. Exit code 1 says that some
    days were skipped.
    """
    path, loaded = settings_of(context, config)
    name = map_named(loaded, stored_map(loaded, map_name))
    first, last = maybe_day_of("--from", start), maybe_day_of("--to", end)
    from flows.steps.ahead import look_at_stored_days

    with importing_flows(loaded, name, look_at_stored_days(first, last), verbose=verbose):
        from flows.rebuild import rebuild as flow
    with at_work():
        result = flow(first, last, name, path)
    print_result(result)


@app.command(epilog='Example: marketmap sql "from latest_clusters" --format csv')
def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY",
            help="One query; read from standard input where left out.",
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(
            "--example", "-e", metavar="NAME", help="Ask an example instead, about --map."
        ),
    ] = None,
    style: Annotated[
        Literal["table", "csv", "json", "parquet"] | None,
        typer.Option(
            "--format", "-f", help="Default: what FILE ends with, else table.", show_default=False
        ),
    ] = None,
    output: OutputOption = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List what can be asked, and examples.")
    ] = False,
    map_name: StoredMapOption = None,
    config: ConfigOption = None,
) -> None:
    """Query the published maps in SQL (DuckDB); nothing can be changed.

    Without a query and without input it lists the views and examples. --map is for --example: a
    query names its map itself.
    """
    _, loaded = settings_of(context, config)
    from flows.cli import sql_output
    from storage import query as ask

    style = style or sql_output.format_of(output)
    if example is not None:
        if query is not None:
            raise ConfigError("--example asks a query of its own; give either it or a query")
        name = stored_map(loaded, map_name)
        answer = ask(sql_output.example(example, name), loaded.published)
        if not answer.num_rows:
            print(sql_output.nothing_found(example, name), file=sys.stderr)
            if style == "table" and output is None:
                return
        sql_output.write(answer, style, output)
        say_written(output)
        return
    if query is None and not list_ and not sys.stdin.isatty():
        query = sys.stdin.read()
    if list_ or not query:
        print_lines(sql_output.catalogue(loaded.published))
        return
    if map_name is not None:
        raise ConfigError("--map is for --example; a query names its map itself")
    sql_output.check_query(query)
    sql_output.write(ask(query, loaded.published), style, output)
    say_written(output)


@app.command(epilog="Example: marketmap export --format graphml --output crypto.graphml")
def export(
    context: typer.Context,
    style: Annotated[
        Literal["graphml", "edges", "nodes"],
        typer.Option("--format", "-f", help="edges and nodes are CSV."),
    ] = "graphml",
    output: OutputOption = None,
    map_name: StoredMapOption = None,
    as_of: DayOption = None,
    config: ConfigOption = None,
) -> None:
    """Write a stored map's graph for other programs, as GraphML or CSV."""
    _, loaded = settings_of(context, config)
    name, day = stored_map(loaded, map_name), maybe_day_of("--as-of", as_of)
    from flows.cli.export import export as write
    from storage import load

    if style == "graphml" and output is not None and output.suffix.lower() == ".csv":
        raise ConfigError(f"--output {output}: GraphML is no CSV; add --format edges or nodes")

    write(load(name, day, loaded.published), style, output)
    say_written(output)


@app.command(epilog="Example: marketmap serve --port 4200")
def serve(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Of the Prefect server. Default: 4200, or a free one."),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Instead of schedule.cron, for trying out."),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make the maps of schedule.maps every day, until Ctrl-C.

    It uses the Prefect server at PREFECT_API_URL, or else starts one of its own on 127.0.0.1.
    """
    path, loaded = settings_of(context, config)
    from flows.cli.screen import on_screen
    from flows.service.serve import serve as work

    with on_screen():
        work(loaded, path, port=port, every=every)


@app.command(epilog="Example: marketmap maps")
def maps(context: typer.Context, config: ConfigOption = None) -> None:
    """List the maps of config.yaml, those that are stored, and the stored days of each."""
    path, loaded = settings_of(context, config)
    from storage import stored_days, stored_maps

    stored = {name: stored_days(loaded.published, name) for name in stored_maps(loaded.published)}
    for name, settings in loaded.maps.items():
        first = ", the default" if name == loaded.default_map else ""
        days = stored.pop(name, [])
        told = span(days) if days else f"no stored day; make one: marketmap run --map {name}"
        print(f"{name} ({settings.source.kind}{first}): {told}")
    for name, days in stored.items():
        print(f"{name} (not in {path}): {span(days)}")


app.command(epilog="Example: marketmap doctor --thorough")(maintenance.doctor)
app.command(epilog="Example: marketmap backup")(maintenance.backup)
app.command(epilog="Example: marketmap restore")(maintenance.restore)


def main() -> None:
    """Run a command; a mistake ends in one line and exit code 2, Ctrl-C in 130, SIGTERM in 143."""
    from flows.interpreter import collect_rarely, quiet_exit
    from flows.steps.signals import exit_code, interrupted, say_last_line

    quiet_exit()
    collect_rarely()
    try:
        app()
    except BaseException as end:
        # A signal may have become any other error on its way; typer makes an exit code of Ctrl-C.
        if interrupted() or (isinstance(end, SystemExit) and end.code == CTRL_C):
            say_last_line()
            sys.exit(exit_code())
        if not isinstance(end, MarketmapError):
            raise
        print(f"error: {printable(' '.join(with_advice(end).split()))}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
