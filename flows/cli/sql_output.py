"""A query's answer, written as a table for people, or as CSV, JSON or Parquet for programs."""

import json
import math
import sys
from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from importlib.resources import files
from itertools import takewhile
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa

from flows.cli.stdout import standard_output
from marketmap.errors import ConfigError
from marketmap.printing import plural, printable
from storage.engine.files import whole_file

Format = Literal["table", "csv", "json", "parquet"]

SHOWN_ROWS = 50
"""Rows shown on a terminal; files and pipes get them all."""
GAP = "  "
MAP_OF_EXAMPLES = "'crypto'"
"""As the example queries write it."""


def format_of(output: Path | None) -> Format:
    """Return the format that a file's name ends with, such as csv; else a table of text."""
    kinds: dict[str, Format] = {
        ".csv": "csv",
        ".json": "json",
        ".jsonl": "json",
        ".ndjson": "json",
        ".parquet": "parquet",
    }
    return kinds.get(output.suffix.lower() if output else "", "table")


def write(table: pa.Table, style: Format, output: Path | None) -> None:
    """Write an answer to a file, as a whole or not at all, or to standard output.

    Raises
    ------
    ConfigError
        Parquet, which is no text, was to be written on a terminal.
    StorageError
        The file cannot be written.
    """
    if output is not None:
        with whole_file(output) as file:
            _write(table, style, file)
    elif style == "parquet" and sys.stdout.isatty():
        raise ConfigError("--format parquet is no text for a terminal; add --output FILE")
    elif style == "table" and sys.stdout.isatty():
        _print_rich(table)
    else:
        with standard_output() as file:
            _write(table, style, file)


def _write(table: pa.Table, style: Format, file: IO[bytes]) -> None:
    if style == "csv":
        from pyarrow import csv

        csv.write_csv(_flat(table), file)
    elif style == "parquet":
        from pyarrow import parquet

        parquet.write_table(table, file)
    else:
        lines = _json_lines(table) if style == "json" else _plain_lines(table)
        for line in lines:
            file.write(f"{line}\n".encode())


def _json_lines(table: pa.Table) -> Iterator[str]:
    """Write a JSON array, a row a line; what JSON has no word for becomes null or text."""
    yield "["
    left = table.num_rows
    for batch in table.to_batches():
        for row in batch.to_pylist():
            left -= 1
            yield json.dumps(_jsonable(row), default=str) + ("," if left else "")
    yield "]"


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(inner) for inner in value]
    return value


def _flat(table: pa.Table) -> pa.Table:
    """Write lists and structs as JSON text: CSV has cells only."""
    for number, field in enumerate(table.schema):
        if pa.types.is_nested(field.type):
            values = [
                None if value is None else json.dumps(_jsonable(value), default=str)
                for value in table.column(number).to_pylist()
            ]
            table = table.set_column(number, field.name, pa.array(values, pa.string()))
    return table


def _plain_lines(table: pa.Table) -> Iterator[str]:
    """Align an answer in columns of text, for pipes."""
    names = [printable(name) for name in table.column_names]
    rows = _cells(table)
    right = _numeric(table)
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    for row in [names, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, right, strict=True)
        ]
        yield GAP.join(cells).rstrip()


def _print_rich(table: pa.Table) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown_rows = table.slice(0, SHOWN_ROWS)
    fitting = shown_rows.select(range(fitting_columns(shown_rows, console.width)))
    shown = Table(header_style="bold")
    for name, is_number in zip(fitting.column_names, _numeric(fitting), strict=True):
        shown.add_column(Text(printable(name)), justify="right" if is_number else "left")
    for row in _cells(fitting):
        shown.add_row(*(Text(cell, style="dim" if cell == "NULL" else "") for cell in row))
    console.print(shown)
    for line in _left_out(table, fitting):
        console.print(line, style="dim", highlight=False, markup=False)


def fitting_columns(table: pa.Table, width: int) -> int:
    """Return how many of the first columns a terminal has room for; one at least."""
    names, rows = [printable(name) for name in table.column_names], _cells(table)
    used = 1
    for number, column in enumerate(zip(names, *rows, strict=True)):
        used += max(map(len, column)) + 3
        if used > width:
            return max(number, 1)
    return len(names)


def _left_out(table: pa.Table, shown: pa.Table) -> Iterator[str]:
    more = table.num_rows - shown.num_rows
    yield plural(table.num_rows, "row") + (
        f", of which {more:,} are not shown; --format csv gives them all" if more else ""
    )
    if hidden := table.column_names[shown.num_columns :]:
        names = ", ".join(map(printable, hidden))
        yield f"no room for the columns {names}; select fewer, or widen the terminal"


def _cells(table: pa.Table) -> list[list[str]]:
    columns = [[_cell(value) for value in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value))


def _numeric(table: pa.Table) -> list[bool]:
    kinds = pa.types
    return [
        kinds.is_integer(t) or kinds.is_floating(t) or kinds.is_decimal(t)
        for t in table.schema.types
    ]


def catalogue(published: Path) -> Iterator[str]:
    """List what can be asked: the views with their columns, and example queries."""
    from storage import cookbook, list_views

    yield "Views:"
    for view, columns in list_views(published).items():
        yield f"  {view}({', '.join(columns)})"
    yield ""
    yield "Examples, asked by their names: marketmap sql --example cluster_sizes --map demo"
    for name, sql in cookbook().items():
        yield f"  {name}: {_question(sql)}"


def example(name: str, map_name: str) -> str:
    """Return the example query of that name, about a map.

    Raises
    ------
    ConfigError
        There is no such example.
    """
    from storage import cookbook

    if name not in cookbook():
        close = get_close_matches(name, cookbook(), n=1, cutoff=0.8)
        raise ConfigError(
            f"--example {name}: there is no such example; "
            + (f"did you mean {close[0]}?" if close else "marketmap sql --list names all")
        )
    return cookbook()[name].replace(MAP_OF_EXAMPLES, f"'{map_name}'")


def nothing_found(name: str, map_name: str) -> str:
    """Say where an example that found nothing can be read and changed."""
    path = files("storage") / "queries" / f"{name}.sql"
    return (
        f"no rows of map {map_name}; to ask otherwise, change a copy of {path} "
        "and run: marketmap sql < copy.sql"
    )


def check_query(sql: str) -> None:
    """Refuse what is no query at all, such as the name of a view or an example.

    Raises
    ------
    ConfigError
        It is empty, or one word.
    """
    from storage import cookbook

    word = sql.strip()
    if not word:
        raise ConfigError('no query given; expected one such as "from latest_clusters"')
    if word.isidentifier():
        write = f"--example {word}" if word in cookbook() else f'"from {word}"'
        raise ConfigError(
            f'{word!r}: expected a query such as "from latest_clusters"; '
            f"write: marketmap sql {write}"
        )


def _question(sql: str) -> str:
    """Return what an example answers: its first comment up to the question mark, on one line."""
    lines = takewhile(lambda line: line.startswith("--"), sql.strip().splitlines())
    comment = " ".join(line.removeprefix("--").strip() for line in lines)
    question, mark, _ = comment.partition("?")
    return question + mark
