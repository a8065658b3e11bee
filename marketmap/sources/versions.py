"""Archived answers that contradict each other: which of them count."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketmap.sources.answers import Answer
from marketmap.sources.disputes import Closes, compare_closes, contradiction, told_closes


@dataclass
class _Version:
    """Answers that do not contradict each other, and what they tell together."""

    answers: list[Answer]
    closes: Closes
    is_confirmed: bool = False
    newest: int = 0


def versions(answers: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
    """Part archived answers about one asset into those that count and those that are overruled.

    Parameters
    ----------
    answers : sequence of Answer
        Oldest first.

    Returns
    -------
    tuple of (list, list)
        Answers that do not contradict each other, oldest first: of several such groups the one
        that was told last, of those of which one answer has confirmed another; and the rest.
    """
    found: list[_Version] = []
    for at, answer in enumerate(answers):
        home, agrees = _home(found, answer)
        if home is None:
            found.append(home := _Version([], {}))
        home.answers.append(answer)
        home.closes.update(told_closes(answer))
        home.is_confirmed |= agrees
        home.newest = at
    sure = [version for version in found if version.is_confirmed] or found[:1]
    best = max(sure, key=lambda version: version.newest, default=_Version([], {}))
    rest = [answer for version in found if version is not best for answer in version.answers]
    return best.answers, rest


def _home(found: Sequence[_Version], answer: Answer) -> tuple[_Version | None, bool]:
    """Return the newest version that fits, best one with days in common, and whether it agrees."""
    fitting = []
    for version in found:
        if contradiction(version.closes, answer) is None:
            compared = compare_closes(version.closes, told_closes(answer))
            fitting.append((bool(len(compared.days)), version.newest, version, compared.agrees))
    if not fitting:
        return None, False
    *_, version, agrees = max(fitting, key=lambda fit: fit[:2])
    return version, agrees
