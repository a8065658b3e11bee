"""A day's candle as a source returns it, and what can be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from marketmap.sources.parsing import as_json

PRICES = ("open", "high", "low", "close")


class Flaw(NamedTuple):
    """Why a row is not fit to be stored: a key of ``answers.REASONS``, and a sentence."""

    reason: str
    detail: str


REPEATED = Flaw("repeated", "another row differs")


@dataclass(frozen=True)
class Flawed:
    """A row that is not fit to be stored: its day and numbers where they can be read."""

    flaw: Flaw
    raw: Any
    day: date | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    def quarantined(self, asset_id: str | None) -> dict[str, Any]:
        """Return it as a row for :func:`marketmap.sources.answers.quarantine_frame`."""
        return {
            "asset_id": asset_id,
            "date": self.day,
            "reason": self.flaw.reason,
            "detail": self.flaw.detail,
            "raw": as_json(self.raw),
            **self.values,
        }


@dataclass(frozen=True)
class Candle:
    """A day's prices as they came; NaN where unknown. ``raw`` is what they were read from."""

    day: date
    values: Mapping[str, float]
    raw: Any

    @property
    def close(self) -> float:
        """The close of the day."""
        return self.values["close"]

    def with_flaw(self, flaw: Flaw) -> Flawed:
        """Return it together with what is wrong with it."""
        return Flawed(flaw, self.raw, self.day, self.values)
