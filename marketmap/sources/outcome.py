"""What came of fetching a day's prices: which assets failed, which are late, and is it enough."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from marketmap.errors import SourceDownError, SourceError

ALIVE = timedelta(days=7)
"""An asset with a price this recently is expected to have one on the as-of day as well."""


@dataclass(frozen=True)
class FetchOutcome:
    """What came of fetching.

    Attributes
    ----------
    failed : dict of str to SourceError
        Why an asset's prices could not be fetched, by asset id.
    late : tuple of str
        Assets that trade but do not have the as-of day.
    expected : int
        Assets that should have the as-of day.
    """

    failed: dict[str, SourceError]
    late: tuple[str, ...]
    expected: int

    @property
    def n_absent(self) -> int:
        """How many assets that should have the day do not."""
        return len({*self.failed, *self.late})

    def is_enough(self, share: float) -> bool:
        """Return whether at least ``share`` of the expected assets have the as-of day."""
        return self.expected - self.n_absent >= share * self.expected

    def without(self, asset_ids: Collection[str]) -> "FetchOutcome":
        """Take out the assets that came from elsewhere."""
        failed = {i: error for i, error in self.failed.items() if i not in asset_ids}
        late = tuple(asset_id for asset_id in self.late if asset_id not in asset_ids)
        return replace(self, failed=failed, late=late)

    def require(self, share: float, source: str, day: date, *, late_too: bool) -> None:
        """Refuse half a market: what came stays stored, and the rest is asked for next time.

        Parameters
        ----------
        share : float
            Of the expected assets, how many must have come; ``fetch.min_answered``.
        source : str
            What messages call the source.
        day : date
        late_too : bool
            Whether late assets count as missing.

        Raises
        ------
        SourceError
            Too few came: a SourceDownError where asking again later may help.
        """
        absent = {*self.failed, *(self.late if late_too else ())}
        n_came = self.expected - len(absent)
        if n_came >= share * self.expected and (n_came or not absent):
            return
        said = (
            f"{source}: {n_came} of {self.expected} assets' prices up to {day} came, expected "
            f"{share:.0%} or more (fetch.min_answered)"
        )
        if not self.failed:
            raise SourceDownError(f"{said}; the others are late")
        error = next(iter(self.failed.values()))
        kind = SourceDownError if isinstance(error, SourceDownError) else SourceError
        raise kind(f"{said}; {error}; what came is stored, the next run asks for the rest")


def outcome_of(failed: dict[str, SourceError], recent: pd.DataFrame, day: date) -> FetchOutcome:
    """Return what came of fetching a day.

    Parameters
    ----------
    failed : dict of str to SourceError
        Why an asset's prices could not be fetched, by asset id.
    recent : DataFrame
        The assets' stored prices of the last :data:`ALIVE` days, as :mod:`marketmap.frames`
        describes them.
    day : date
    """
    late = tuple(asset_id for asset_id in laggards(recent, day) if asset_id not in failed)
    return FetchOutcome(failed, late, len({*recent["asset_id"], *failed}))


def laggards(recent: pd.DataFrame, day: date) -> tuple[str, ...]:
    """Return the assets that have a recent price, but none of the day."""
    last = recent.groupby("asset_id")["date"].max()
    return tuple(str(asset_id) for asset_id in last.index[last < pd.Timestamp(day)])
