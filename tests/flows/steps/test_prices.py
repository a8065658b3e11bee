"""What of the prices can be told without asking for any."""

from datetime import date, timedelta

import pandas as pd
import pytest

from flows.steps.prices import Arrival, history_start, laggards
from marketmap.errors import SourceError
from marketmap.settings import MapSettings

DAY = date(2026, 1, 31)


def settings(calendar: str, window_days: int = 365) -> MapSettings:
    source = {"kind": "files", "path": "x.csv", "calendar": calendar}
    return MapSettings.model_validate({"source": source, "window_days": window_days})


def test_a_window_of_days_needs_one_price_more_than_returns() -> None:
    assert history_start(settings("daily", 30), DAY) == date(2026, 1, 1)


def test_a_window_of_sessions_reaches_back_over_weekends_and_holidays() -> None:
    # the S&P 500's 2,519 sessions of 2010 to 2019 took 3,652 days
    start = history_start(settings("sessions", 500), DAY)
    assert (DAY - start).days >= 501 * 3652 / 2519
    assert (DAY - start).days <= 900


@pytest.mark.parametrize(
    ("failed", "late", "enough"), [(0, 0, True), (1, 0, True), (0, 5, True), (1, 5, False)]
)
def test_failed_and_late_assets_both_count_as_absent(failed: int, late: int, enough: bool) -> None:
    arrival = Arrival(
        failed={f"f{i}": SourceError("no") for i in range(failed)},
        late=tuple(f"l{i}" for i in range(late)),
        expected=100,
    )
    assert arrival.enough(0.95) is enough


def test_an_asset_that_is_both_counts_once() -> None:
    assert Arrival({"a": SourceError("no")}, ("a",), 20).enough(0.95)


def test_nothing_expected_is_enough() -> None:
    assert Arrival({}, (), 0).enough(0.95)


def test_laggards_trade_but_lack_the_day() -> None:
    recent = pd.DataFrame(
        {
            "asset_id": ["on", "on", "late"],
            "date": pd.to_datetime([DAY - timedelta(days=1), DAY, DAY - timedelta(days=1)]),
        }
    )
    assert laggards(recent, DAY) == ("late",)
