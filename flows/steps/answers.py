"""What a source answers is kept: its bodies in the archive, what they say in the database."""

from collections.abc import Sequence

from flows.steps.signals import note_kept, signals_wait
from marketmap.config import Config
from marketmap.sources.answers import Answer
from storage import Archive, Database


def store_answers(config: Config, source_name: str, answers: Sequence[Answer]) -> None:
    """Keep answers: first the bodies, so that no stored row lacks the body that it comes from."""
    with signals_wait():
        archive_of(config).keep(
            source_name, (body for answer in answers for body in answer.archived)
        )
        # The database is open for moments only, so that another map can be made meanwhile.
        with Database.open(config.database) as database:
            database.store_answers(source_name, answers)
        note_kept("answer", len(answers))


def archive_of(config: Config) -> Archive:
    """Return the archive of what sources answered."""
    return Archive(config.archive, round(config.fetch.archive_megabytes * 1e6))
