"""The section of what was left out or repaired."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from marketmap.run import MapRun


def exclusion_counts(run: MapRun, reasons: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Count the exclusions: reason, what it means, how many; the most frequent first."""
    counts = run.universe.exclusions["reason"].astype("str").value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [(str(reason), reasons.get(str(reason), ""), int(n)) for reason, n in ordered]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows to a template, dates as days."""
    shown = frame.copy()
    if "date" in shown:
        shown["date"] = pd.to_datetime(shown["date"]).dt.strftime("%Y-%m-%d")
    return [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]
