"""The section of what was left out or repaired."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from marketmap.run import MapRun


@dataclass(frozen=True)
class LeftOut:
    """Assets that were left out for one reason.

    Attributes
    ----------
    reason : str
        A word, such as ``pegged``.
    meaning : str
        What the word says, in a sentence's place; may be empty.
    rows : list of dict
        ``asset_id``, ``symbol``, ``name``, ``rank`` and ``detail`` of each asset, in rank order.
    """

    reason: str
    meaning: str
    rows: list[dict[str, Any]]


def left_out(run: MapRun, reasons: Mapping[str, str]) -> list[LeftOut]:
    """Group the assets that were left out by reason, the most frequent first."""
    groups = run.universe.exclusions.groupby("reason", observed=True)
    found = [
        LeftOut(str(reason), reasons.get(str(reason), ""), records(rows)) for reason, rows in groups
    ]
    return sorted(found, key=lambda group: (-len(group.rows), group.reason))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows to a template, dates as days."""
    shown = frame.copy()
    if "date" in shown:
        shown["date"] = pd.to_datetime(shown["date"]).dt.strftime("%Y-%m-%d")
    return [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]
