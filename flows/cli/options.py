"""Options that several commands of the command line share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="What to map, from where and how often. Default: config.yaml, or MARKETMAP_CONFIG.",
        show_default=False,
    ),
]
MapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        "-m",
        metavar="NAME",
        help="A map of config.yaml. Default: the first.",
        show_default=False,
    ),
]
StoredMapOption = Annotated[
    str | None,
    typer.Option(
        "--map",
        "-m",
        metavar="NAME",
        help="A stored map. Default: the only one, or of several the first of config.yaml.",
        show_default=False,
    ),
]
DayOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="YYYY-MM-DD",
        help="The map's last day. Default: the newest there is.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write here instead of to standard output.",
        show_default=False,
    ),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's own log.")]
