from datetime import date, timedelta

import pandas as pd
import pytest

from marketmap.errors import DataError, NotEnoughDataError
from marketmap.settings import MapSettings
from marketmap.universe.window import history_start, make_panel, session_days, window_calendar
from tests.support.price_markets import END, map_settings, random_market, session_settings


def test_a_market_that_never_closes_has_every_day_even_one_without_prices() -> None:
    prices = random_market(3, 40)
    prices = prices[prices["date"] != pd.Timestamp("2024-12-20")]
    calendar = window_calendar(prices, END, map_settings(window_days=30))
    assert len(calendar) == 31
    assert pd.Timestamp("2024-12-20") in calendar
    assert calendar[-1] == pd.Timestamp(END)


def test_sessions_are_days_on_which_half_of_the_living_assets_have_a_price() -> None:
    prices = random_market(4, 40, calendar="B")
    saturday = prices[(prices["date"] == pd.Timestamp(END)) & (prices["asset_id"] == "a00")]
    prices = pd.concat([prices, saturday.assign(date=pd.Timestamp("2024-12-28"))])
    sessions = session_days(prices, pd.Timestamp(END))
    assert sessions.equals(pd.bdate_range(end=END, periods=40, name="date", unit="us"))


def test_an_asset_not_born_yet_or_long_gone_does_not_count_against_a_session() -> None:
    prices = random_market(4, 60, calendar="B")
    days = prices["date"].drop_duplicates().sort_values().to_numpy()
    old = prices[prices["asset_id"].isin(["a00", "a01", "a02"]) & (prices["date"] < days[20])]
    rest = prices[prices["asset_id"] == "a03"]
    sessions = session_days(pd.concat([old, rest]), pd.Timestamp(END))
    assert (sessions[-30:] == days[-30:]).all()


def test_an_as_of_day_without_a_session_is_refused() -> None:
    prices = random_market(4, 60, calendar="B")
    with pytest.raises(DataError, match=r"2024-12-29 is no session.*before it is 2024-12-27"):
        window_calendar(prices, date(2024, 12, 29), session_settings(window_days=30))


def test_prices_that_start_after_the_window_say_how_many_days_there_are() -> None:
    prices = random_market(3, 40)
    with pytest.raises(NotEnoughDataError, match=r"39 days of returns.*set window_days to 39"):
        window_calendar(prices, END, map_settings(window_days=40))
    with pytest.raises(NotEnoughDataError, match=r"window_days is 31: fetch older prices$"):
        window_calendar(random_market(3, 29), END, map_settings(window_days=31))


def test_no_prices_at_all_are_an_error() -> None:
    with pytest.raises(NotEnoughDataError, match="no candidate has any price up to 2020-01-01"):
        window_calendar(random_market(3, 40), date(2020, 1, 1), map_settings())


def test_prices_are_joined_by_day_and_asset_whatever_their_order() -> None:
    prices = random_market(3, 40)
    prices = prices.drop(index=prices.index[5])
    calendar = window_calendar(prices, END, map_settings(window_days=39))
    shuffled = prices.sample(frac=1.0, random_state=1)
    panel, same = (make_panel(rows, ["a02", "a00"], calendar) for rows in (prices, shuffled))
    pd.testing.assert_frame_equal(panel.close, same.close)
    assert panel.close.columns.tolist() == ["a02", "a00"]
    assert panel.close["a00"].isna().sum() == 1
    row = prices[(prices["asset_id"] == "a02") & (prices["date"] == pd.Timestamp(END))].iloc[0]
    assert panel.high.loc[pd.Timestamp(END), "a02"] == row["high"]


def test_two_prices_of_one_day_are_refused_with_asset_and_day() -> None:
    prices = random_market(3, 40)
    twice = pd.concat([prices, prices.tail(1)])
    calendar = window_calendar(prices, END, map_settings(window_days=39))
    with pytest.raises(DataError, match=r"'a02' has more than one price on 2024-12-31"):
        make_panel(twice, ["a02"], calendar)


def files_settings(calendar: str, window_days: int = 365) -> MapSettings:
    source = {"kind": "files", "path": "x.csv", "calendar": calendar}
    return MapSettings.model_validate({"source": source, "window_days": window_days})


def test_a_window_of_days_needs_one_price_more_than_returns() -> None:
    assert history_start(files_settings("daily", 30), END) == END - timedelta(days=30)


def test_a_window_of_sessions_reaches_back_over_weekends_and_holidays() -> None:
    # the S&P 500's 2,519 sessions of 2010 to 2019 took 3,652 days
    start = history_start(files_settings("sessions", 500), END)
    assert (END - start).days >= 501 * 3652 / 2519
    assert (END - start).days <= 900
