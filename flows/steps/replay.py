"""Archived answers, read again: for after a change of how they are read. Nobody is asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from flows.steps.answers import archive_of
from flows.steps.context import MapContext
from flows.steps.progress import warn
from marketmap.errors import ConfigError
from marketmap.printing import plural
from marketmap.sources.answers import Answer, quarantine_frame
from marketmap.sources.base import is_remote
from marketmap.sources.disputes import overruled, refused_rows, told_by
from marketmap.sources.versions import versions


def replay(context: MapContext) -> str:
    """Read the archived answers of a map's source again, and store what they say; tell how many.

    Where several answers hold a day, the newest counts; an answer that contradicts others as a
    whole counts nowhere (:func:`marketmap.sources.versions.versions`).

    Raises
    ------
    ConfigError
        The map's source is a file or simulated: nothing of it is archived.
    """
    source, settings = context.source, context.settings
    if not is_remote(source):
        raise ConfigError(
            f"map {context.name}: nothing is archived of a source of kind {settings.source.kind}; "
            "replay is for coinmarketcap and ccxt"
        )
    rank_by = settings.universe.rank_by
    bodies = archive_of(context.config).bodies(source.name)
    answers = [source.read_again(body, rank_by) for body in bodies if body.accepted]
    if not answers:
        return "nothing is archived"
    counting, wrong = without_overruled(answers)
    with context.database() as database:
        for day, listing in best_listings(answers).items():
            database.save_listing(context.listing_key, day, listing)
        n_changed = database.store_answers(
            source.name, newest_rows(counting), why="replay", overruled=wrong
        )
    for asset_id in dict.fromkeys(wrong["asset_id"]):
        detail = wrong["detail"][wrong["asset_id"] == asset_id].iloc[0]
        warn(f"asset {asset_id}: answers about it contradict each other: {detail}")
    errors = [answer.error for answer in answers if answer.error is not None]
    if errors:
        of_all = f"{len(errors):,} of {plural(len(answers), 'answer')}"
        warn(f"{of_all} could not be read again; the first: {errors[0]}")
    return (
        f"{plural(len(answers), 'answer')} read again; {plural(n_changed, 'price')} new or changed"
    )


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


def without_overruled(answers: Iterable[Answer]) -> tuple[list[Answer], pd.DataFrame]:
    """Leave out the answers about prices that others contradict, and return their wrong rows.

    Answers come oldest first. The wrong rows are as :mod:`marketmap.sources.answers` says.
    """
    by_asset: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.window.asset_id is not None and answer.rows is not None:
            by_asset.setdefault(answer.window.asset_id, []).append(answer)
    counting: list[Answer] = []
    wrong: list[Mapping[str, Any]] = []
    for own in by_asset.values():
        right, rest = versions(own)
        counting += right
        if rest:
            telling = told_by(reversed(right))
            for answer in rest:
                found = overruled(answer.unwrap(), telling)
                if found is not None:
                    wrong += refused_rows(found.rows, found.reason, found.detail)
    return counting, quarantine_frame(wrong)


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
