"""What a person sees while a step works: one line per stage, and counts.

Steps speak through Python's logging (logger ``flows``), and the library through its own (logger
``marketmap``), so the same lines reach Prefect's UI, a terminal or a log file;
:class:`flows.cli.screen.Screen` writes them to the terminal.
"""

import logging

FAMILIES = ("flows", "marketmap")
"""The loggers whose lines a person sees."""

log = logging.getLogger("flows")
for _family in FAMILIES:
    logging.getLogger(_family).setLevel(logging.INFO)


def tell(line: str) -> None:
    """Say that a stage is reached."""
    log.info(line)


def warn(line: str) -> None:
    """Say something that a person should know."""
    log.warning(line)


def count(what: str, done: int, total: int, note: str = "") -> None:
    """Say how far a counted stage is, with a few words that change on the way."""
    more = f", {note}" if note else ""
    log.info("%s %d/%d%s", what, done, total, more, extra={"counted": (what, done, total, note)})
