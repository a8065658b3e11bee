"""What came of fetching: what failed, what is late, and whether it is enough."""

from datetime import date, timedelta

import pandas as pd
import pytest

from marketmap.errors import SourceError
from marketmap.sources.outcome import FetchOutcome, laggards

DAY = date(2026, 1, 31)


@pytest.mark.parametrize(
    ("failed", "late", "enough"), [(0, 0, True), (1, 0, True), (0, 5, True), (1, 5, False)]
)
def test_failed_and_late_assets_both_count_as_absent(failed: int, late: int, enough: bool) -> None:
    outcome = FetchOutcome(
        failed={f"f{i}": SourceError("no") for i in range(failed)},
        late=tuple(f"l{i}" for i in range(late)),
        expected=100,
    )
    assert outcome.is_enough(0.95) is enough


def test_an_asset_that_is_both_counts_once() -> None:
    assert FetchOutcome({"a": SourceError("no")}, ("a",), 20).is_enough(0.95)


def test_nothing_expected_is_enough() -> None:
    assert FetchOutcome({}, (), 0).is_enough(0.95)


def test_laggards_trade_but_lack_the_day() -> None:
    recent = pd.DataFrame(
        {
            "asset_id": ["on", "on", "late"],
            "date": pd.to_datetime([DAY - timedelta(days=1), DAY, DAY - timedelta(days=1)]),
        }
    )
    assert laggards(recent, DAY) == ("late",)
