"""The day that a stamp names, in a table of a notebook: at its own place, or refused."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketmap.days import by_day
from marketmap.errors import DataError
from marketmap.estimator import MarketMap, fit_structure
from marketmap.returns import compute_returns
from marketmap.universe.select import select_universe
from tests.support.price_markets import END, listing_of, map_settings, random_market

# Sessions of half a year, summer time beginning and ending within.
SESSIONS = pd.bdate_range("2025-02-03", "2025-11-28", unit="us")


def closes(index: object, **columns: list[float]) -> pd.DataFrame:
    n = len(index)  # type: ignore[arg-type]
    given = columns or {"A": list(np.linspace(1, 2, n))}
    return pd.DataFrame(given, index=index)  # type: ignore[call-overload]


def days_of(index: object) -> list[date]:
    found = by_day(closes(index), "closes").index
    assert isinstance(found, pd.DatetimeIndex)
    assert found.tz is None
    return list(found.date)


@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", "Europe/London", "America/New_York", "Pacific/Auckland", "UTC"]
)
def test_local_midnights_are_the_days_of_their_place(zone: str) -> None:
    assert days_of(SESSIONS.tz_localize(zone)) == list(SESSIONS.date)


@pytest.mark.parametrize("hours", [9.5, 16, 23.9997])
def test_a_closing_stamp_is_the_day_it_names(hours: float) -> None:
    moments = SESSIONS + pd.Timedelta(hours=hours)
    assert days_of(moments) == list(SESSIONS.date)
    assert days_of(moments.tz_localize("America/New_York")) == list(SESSIONS.date)


def test_utc_stamps_may_move_by_the_hour_of_summer_time() -> None:
    opened = (SESSIONS + pd.Timedelta(hours=9.5)).tz_localize("America/New_York")
    assert days_of(opened.tz_convert("UTC")) == list(SESSIONS.date)
    assert days_of(opened.tz_convert("UTC").tz_localize(None)) == list(SESSIONS.date)


@pytest.mark.parametrize(
    "index",
    [
        [day.date() for day in SESSIONS],
        [str(day.date()) for day in SESSIONS],
        [f"{day.date()}T00:00:00+09:00" for day in SESSIONS],
        [day.to_pydatetime().replace(tzinfo=UTC) for day in SESSIONS],
        list(SESSIONS.tz_localize("Europe/London").map(lambda stamp: stamp.isoformat(" "))),
        pd.PeriodIndex(SESSIONS, freq="D"),
        pd.array(SESSIONS, dtype="timestamp[us][pyarrow]"),
        pd.array(SESSIONS.tz_localize("Asia/Tokyo"), dtype="timestamp[us, tz=Asia/Tokyo][pyarrow]"),
        pd.array(SESSIONS.date, dtype="date32[pyarrow]"),
        pd.Categorical([str(day.date()) for day in SESSIONS]),
    ],
    ids=[
        *("date", "text", "text with offset", "datetime", "text of a summer time", "period"),
        *("arrow", "arrow with zone", "arrow date", "category"),
    ],
)
def test_dates_of_any_kind_are_days(index: object) -> None:
    assert days_of(pd.Index(index)) == list(SESSIONS.date)  # type: ignore[arg-type]


def test_rows_of_several_places_become_one_row_per_day() -> None:
    days = SESSIONS[:3]
    tokyo = closes([f"{day.date()} 00:00:00+09:00" for day in days], sony=[1.0, 2, 3])
    london = closes([f"{day.date()} 00:00:00+00:00" for day in days], bp=[4.0, 5, 6])
    table = by_day(pd.concat([tokyo, london]).sort_index(), "closes")
    pd.testing.assert_frame_equal(
        table, closes(days, sony=[1.0, 2, 3], bp=[4.0, 5, 6]), check_freq=False
    )


def test_returns_are_of_the_named_days() -> None:
    tokyo = SESSIONS[:3].tz_localize("Asia/Tokyo")
    prices = closes(tokyo, sony=[1.0, 2.0, 1.0])
    assert list(compute_returns(prices).index) == list(SESSIONS[1:3])
    opens = closes(SESSIONS[:3], sony=[1.0, 1.0, 1.0])
    assert compute_returns(prices, "intraday", opens)["sony"].tolist() == [1.0, 0.0]


def refused(index: object, **columns: list[float]) -> str:
    with pytest.raises(DataError) as caught:
        by_day(closes(index, **columns), "closes")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_several_bars_of_a_day_are_refused() -> None:
    hourly = pd.date_range("2025-02-03", periods=72, freq="h", tz="Asia/Tokyo")
    assert refused(hourly) == (
        "closes: A: intraday bars, such as 00:00 and 01:00 on 2025-02-03; "
        "expected one row per day, such as the last bar of each"
    )


def test_a_time_of_day_that_changes_is_refused() -> None:
    index = [*(SESSIONS[:4] + pd.Timedelta(hours=16)), SESSIONS[4] + pd.Timedelta(hours=13)]
    expected = "expected daily bars: the same time on each day, or the day alone"
    assert refused(pd.DatetimeIndex(index)) == (
        "closes: A: stamped 16:00 on 2025-02-06, but 13:00 on 2025-02-07; "
        f"{expected}, such as 2025-02-07"
    )
    london = SESSIONS.tz_localize("Europe/London").tz_convert("UTC")
    assert "stamped 00:00 on 2025-03-28, but 23:00 on 2025-03-30" in refused(london)
    to_and_fro = SESSIONS[:6] + pd.to_timedelta([9, 10, 9, 10, 9, 10], unit="h")
    assert "stamped 09:00 on 2025-02-03, but 10:00 on 2025-02-04" in refused(to_and_fro)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/London"])
def test_local_midnights_written_in_another_zone_are_refused(zone: str) -> None:
    summer = SESSIONS[50:150]
    said = refused(summer.tz_localize("Asia/Tokyo").tz_convert(zone))
    assert "on Sundays to Thursdays: these look like local midnights" in said


@pytest.mark.parametrize("zone", ["UTC", None])
def test_local_midnights_written_in_utc_are_refused(zone: str | None) -> None:
    tokyo = SESSIONS.tz_localize("Asia/Tokyo").tz_convert("UTC")
    said = refused(tokyo if zone else tokyo.tz_localize(None))
    assert said.startswith(
        "closes: A: stamped 15:00 on Sundays to Thursdays: these look like local"
    )
    assert said.endswith("such as 2025-11-28, or stamps with their place's offset")


def test_sundays_to_thursdays_of_a_place_that_trades_then_are_read() -> None:
    riyadh = pd.DatetimeIndex([day for day in pd.date_range("2025-02-02", "2025-03-06")
                               if day.day_name() not in ("Friday", "Saturday")])  # fmt: skip
    assert days_of(riyadh) == list(riyadh.date)
    closing = (riyadh + pd.Timedelta(hours=15)).tz_localize("Asia/Riyadh")
    assert days_of(closing) == list(riyadh.date)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(2),
        pd.Index(["x", "y"]),
        pd.DatetimeIndex(["2025-02-03", None], tz="UTC"),
        pd.MultiIndex.from_product([SESSIONS[:2], ["A"]]),
        pd.PeriodIndex(["2025-01", "2025-02"], freq="M"),
    ],
    ids=["numbers", "text", "missing", "two levels", "months"],
)
def test_a_table_without_dates_is_left_for_others_to_refuse(index: "pd.Index[Any]") -> None:
    table = closes(index)
    assert by_day(table, "closes") is table
    if not isinstance(index, pd.DatetimeIndex):
        with pytest.raises(DataError, match=r"the index must hold dates|the index has 2 levels"):
            compute_returns(table)


def test_two_values_of_a_day_are_refused() -> None:
    twice = pd.Index([f"{SESSIONS[0].date()}T00:00:00{offset}" for offset in ("+09:00", "+00:00")])
    assert "A has two values on 2025-02-03" in refused(twice)


def test_returns_for_a_fit_follow_the_same_rule() -> None:
    draw = np.random.default_rng(0).normal(size=(200, 10)) * 0.01
    draw += np.random.default_rng(1).normal(size=(200, 1)) * 0.01
    tokyo = pd.bdate_range("2025-01-06", periods=200, tz="Asia/Tokyo")
    found = fit_structure(pd.DataFrame(draw, index=tokyo)).diagnostics
    assert (str(found.window_start), str(found.window_end)) == ("2025-01-06", "2025-10-10")
    hourly = pd.date_range("2025-01-06", periods=200, freq="h", tz="Asia/Tokyo")
    for fit in (fit_structure, MarketMap().fit):
        with pytest.raises(DataError, match="returns: 0: intraday bars, such as 00:00 and 01:00"):
            fit(pd.DataFrame(draw, index=hourly))


def test_prices_of_a_notebook_are_mapped_by_the_days_of_their_place() -> None:
    prices = random_market(n_days=121)
    settings = map_settings(window_days=100)
    expected = select_universe(listing_of(prices), prices, END, settings)
    tokyo = prices.assign(date=prices["date"].dt.tz_localize("Asia/Tokyo"))
    found = select_universe(listing_of(prices), tokyo, END, settings)
    pd.testing.assert_frame_equal(found.closes, expected.closes)
    shifted = prices.assign(date=prices["date"].where(prices["asset_id"] != "a03").fillna(
        prices["date"] + pd.to_timedelta(range(len(prices)), unit="h")))  # fmt: skip
    with pytest.raises(DataError, match=r"prices: a03: (intraday|stamped)"):
        select_universe(listing_of(prices), shifted, END, settings)
    with pytest.raises(DataError, match="prices: column date holds float64, expected a date in"):
        select_universe(listing_of(prices), prices.assign(date=1.0), END, settings)


def test_a_crypto_day_that_ends_at_midnight_utc_is_its_day() -> None:
    days = pd.date_range("2025-02-02", periods=12)
    ended = days + timedelta(hours=23, minutes=59, seconds=59)
    assert days_of(ended.tz_localize(UTC)) == list(days.date)
    assert days_of(pd.Index([datetime(2025, 2, 2, tzinfo=UTC), date(2025, 2, 3)])) == [
        date(2025, 2, 2), date(2025, 2, 3),
    ]  # fmt: skip
