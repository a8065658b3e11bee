"""Archived answers, read again: for after a change of how they are read. Nobody is asked."""

from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from flows.steps.answers import archive_of
from flows.steps.context import MapContext
from flows.steps.progress import warn
from marketmap.errors import ConfigError
from marketmap.sources.answers import Answer
from marketmap.sources.base import is_remote


def replay(context: MapContext) -> str:
    """Read the archived answers of a map's source again, and store what they say; tell how many.

    Where several answers hold a day, the newest counts.

    Raises
    ------
    ConfigError
        The map's source is a file or simulated: nothing of it is archived.
    """
    source, settings = context.source, context.settings
    if not is_remote(source):
        raise ConfigError(
            f"map {context.name}: a {settings.source.kind} source, of which nothing is archived"
        )
    rank_by = settings.universe.rank_by
    bodies = archive_of(context.config).bodies(source.name)
    answers = [source.read_again(body, rank_by) for body in bodies if body.accepted]
    with context.database() as database:
        for day, listing in best_listings(answers).items():
            database.save_listing(context.listing_key, day, listing)
        n_changed = database.store_answers(source.name, newest_rows(answers), why="replay")
    errors = [answer.error for answer in answers if answer.error is not None]
    if errors:
        warn(f"{len(errors)} of {len(answers)} answers cannot be read again, such as {errors[0]}")
    return f"read {len(answers)} answers again: {n_changed} prices are new or changed"


def best_listings(answers: Iterable[Answer]) -> dict[date, pd.DataFrame]:
    """Return the longest listing of each day, and of those as long the newest."""
    best: dict[date, pd.DataFrame] = {}
    for answer in answers:
        day, rows = answer.window.last, answer.rows
        if answer.window.asset_id is not None or rows is None:
            continue
        if day not in best or len(rows) >= len(best[day]):
            best[day] = rows
    return best


def newest_rows(answers: Sequence[Answer]) -> list[Answer]:
    """Leave each day of an asset to the newest answer that holds it; answers come oldest first."""
    seen: set[tuple[str, pd.Timestamp]] = set()
    left = []
    for answer in reversed(answers):
        if answer.window.asset_id is None or answer.rows is None:
            continue
        days = list(zip(answer.rows["asset_id"], answer.rows["date"], strict=True))
        fresh = [day not in seen for day in days]
        seen.update(days)
        # When it came stands in the ledger already, and what its asset is called among the labels.
        left.append(Answer(answer.window, (), answer.rows[fresh], quarantined=answer.quarantined))
    return left
