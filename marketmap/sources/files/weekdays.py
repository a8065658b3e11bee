"""Which assets of a file trade on every day of the week, and which in sessions."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from marketmap.sources.files.table import PriceTable

_ENOUGH = 20
"""With fewer rows an asset may lack a weekday by chance."""
_SELDOM = 50
"""A weekday that has one row of so many, or fewer, is one on which the market is closed."""


class Weekdays(NamedTuple):
    """How many assets trade in sessions, and how many every day; the youngest are not counted."""

    in_sessions: int
    every_day: int

    @property
    def are_mixed(self) -> bool:
        """Whether there are both."""
        return self.in_sessions > 0 and self.every_day > 0

    def note(self, path: Path, calendar: Literal["daily", "sessions"]) -> str:
        """Say what becomes of assets of both kinds in one map."""
        if calendar == "daily":
            what = (
                "with calendar: daily the former are left out; split the file into two maps, or "
                "set source.calendar: sessions"
            )
        elif self.in_sessions < self.every_day:
            what = (
                "calendar: sessions takes the days that at least half of the assets have, so that "
                "the former are left out; split the file into two maps"
            )
        else:
            what = "calendar: sessions maps both on the days that at least half of the assets have"
        are = "trades" if self.in_sessions == 1 else "trade"
        count = f"{self.in_sessions} of the assets {are} on some weekdays only"
        return f"{path.name}: {count}, {self.every_day} every day; {what}."


def weekdays_of(table: PriceTable) -> Weekdays:
    """Count the assets of a file that trade in sessions, and those that trade every day."""
    weekdays = (table.days.astype("int64") + 3) % 7  # 1970 began with a Thursday
    counts = np.array(
        [np.bincount(weekdays[rows], minlength=7) for rows in table.rows.values()], dtype=int
    )
    counts = counts[counts.sum(axis=1) >= _ENOUGH]
    closed = (counts * _SELDOM <= counts.sum(axis=1, keepdims=True)).any(axis=1)
    return Weekdays(int(closed.sum()), int((~closed).sum()))
