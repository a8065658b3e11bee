"""A coin's history, read candle by candle: as recorded, and with each thing that can be odd."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from marketmap.errors import SourceDownError, SourceError
from marketmap.frames import PRICE_COLUMNS
from marketmap.sources.answers import (
    QUARANTINE_COLUMNS,
    Label,
    ParsedAnswer,
    Window,
    quarantine_frame,
)
from marketmap.sources.coinmarketcap.answers import checked
from marketmap.sources.coinmarketcap.history import FULL, read_history

DAY = date(2024, 1, 1)
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: int) -> date:
    return DAY + timedelta(days=number)


def candle(number: int, close: Any = 10.0, **changes: Any) -> dict[str, Any]:
    """Return a day's candle, in which a bar is nine tenths to eleven tenths of the close."""
    around = close if isinstance(close, float) else 10.0
    bar = {
        "open": around * 0.95,
        "high": around * 1.1,
        "low": around * 0.9,
        "close": close,
        "volume": 1000.0,
        "marketCap": 1e6,
        "timestamp": f"{day(number)}T23:59:59.999Z",
    }
    return {
        "timeOpen": f"{day(number)}T00:00:00.000Z",
        "timeClose": f"{day(number)}T23:59:59.999Z",
        "quote": {**bar, **changes},
    }


def month(n_days: int = 30) -> list[Any]:
    return [candle(number) for number in range(n_days)]


def read(
    quotes: Sequence[Any],
    days: tuple[int, int] = (0, 29),
    now: datetime = NOW,
    asked: tuple[int, int] | None = None,
    **data: Any,
) -> ParsedAnswer:
    """Read candles as an answer to a question about days of coin 7."""
    first, last = asked or (days[0] - 4, days[1] + 4)
    told = {"id": 7, "symbol": "SYM", "name": "Name", "quotes": quotes, **data}
    return read_history(told, Window("7", day(days[0]), day(days[1])), (day(first), day(last)), now)


def days_of(parsed: ParsedAnswer) -> list[date]:
    return [when.date() for when in parsed.rows["date"]]


def flaws_of(parsed: ParsedAnswer) -> list[tuple[date | None, str, str]]:
    return [(row["date"], row["reason"], row["detail"]) for row in parsed.quarantined]


def without(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in value.items() if k != key}


# --- as recorded


def recorded(shared_data: Path, name: str) -> Any:
    return json.loads((shared_data / "cmc_samples" / name).read_text(encoding="utf-8"))


def read_recorded(data: Any, first: date, last: date) -> ParsedAnswer:
    near = timedelta(days=4)
    return read_history(data, Window("1", first, last), (first - near, last + near), NOW)


def test_a_recorded_answer_is_read(shared_data: Path) -> None:
    body = recorded(shared_data, "historical_v3.1_2023-08_full_envelope.json")
    window = (date(2010, 7, 13), date(2010, 7, 15))
    parsed = read_recorded(checked(body, "quotes")["data"], *window)
    assert days_of(parsed) == [date(2010, 7, 13), date(2010, 7, 14), date(2010, 7, 15)]
    row = parsed.rows.iloc[0]
    assert tuple(parsed.rows.columns) == PRICE_COLUMNS
    assert (row["asset_id"], row["open"], row["close"]) == ("1", 0.0487103725, 0.0534224523)
    assert (row["high"], row["low"]) == (0.0609408726, 0.0483279245)
    assert (row["turnover"], row["market_cap"]) == (59.4135378071, 153229.6094699791)
    assert row["volume"] == 59.4135378071 / 0.0534224523
    assert (parsed.doubts, parsed.quarantined) == ((), ())
    assert parsed.window == Window("1", *window)
    assert parsed.labels == (Label("1", "BTC", "Bitcoin", "history"),)


def test_newer_recorded_answers_are_read(shared_data: Path) -> None:
    today = recorded(shared_data, "historical_v3.1_2024-12_first_quote.json")["data"]
    when = date(2024, 12, 27)
    assert list(read_recorded(today, when, when).rows["close"]) == [94164.8603483526]
    daily = recorded(shared_data, "historical_v3.1_2025-11_data_1d.json")
    when = date(2025, 11, 27)
    assert list(read_recorded(daily, when, when).rows["market_cap"]) == [1821561772280.6200]
    row = recorded(shared_data, "historical_v3_2021_row_litecoin.json")
    when = date(2018, 8, 24)
    parsed = read_recorded({"id": "1", "quotes": [row]}, when, when)
    assert list(parsed.rows["turnover"]) == [194676000.0]
    assert parsed.labels == ()


def test_a_recorded_week_is_no_day(shared_data: Path) -> None:
    weekly = recorded(shared_data, "historical_v3.1_2025-11_data_1w.json")
    said = "^a candle from 2025-11-17 to 2025-11-23, expected single days$"
    with pytest.raises(SourceError, match=said):
        read_recorded(weekly, date(2025, 11, 10), date(2025, 11, 30))


# --- the answer as a whole


def test_a_whole_answer_has_no_doubts() -> None:
    parsed = read(month())
    assert days_of(parsed) == [day(number) for number in range(30)]
    assert (parsed.doubts, parsed.quarantined) == ((), ())


def test_context_is_compared_with_but_not_given() -> None:
    quotes = [candle(number) for number in range(-4, 34)]
    assert days_of(read(quotes)) == [day(number) for number in range(30)]
    assert read(quotes).doubts == ()
    quotes[4]["quote"] = candle(0, 500.0)["quote"]  # the first that is wanted
    assert [(when, why) for when, why, _ in flaws_of(read(quotes))] == [(day(0), "spike")]
    quotes[3] = candle(-1, 500.0)  # one that is not: a sign of an odd body all the same
    quotes[4] = candle(0)
    (doubt,) = read(quotes).doubts
    assert doubt.startswith(f"{day(-1)}: spike ")
    assert read(quotes).quarantined == ()
    assert days_of(read(quotes)) == [day(number) for number in range(30)]


@pytest.mark.parametrize("coin", [8, "8", "07", 7.0, True, [7], {}, "\ud800"])
def test_another_coin_is_refused(coin: object) -> None:
    with pytest.raises(SourceError, match=r"^the answer is about coin ") as caught:
        read(month(), id=coin)
    assert not isinstance(caught.value, SourceDownError)
    with pytest.raises(SourceError, match=r"^the answer is about coin "):
        read([], id=coin)


def test_an_empty_answer_may_come_without_an_id_but_no_other() -> None:
    parsed = read([], id=None)
    assert (len(parsed.rows), parsed.doubts) == (0, ())
    assert tuple(parsed.rows.columns) == PRICE_COLUMNS
    assert parsed.window == Window("7", day(0), day(29))
    with pytest.raises(SourceError, match=r"^the answer is about coin None$"):
        read(month(), id=None)


@pytest.mark.parametrize("number", [-5, 34])
def test_other_days_than_those_asked_for_are_refused(number: int) -> None:
    with pytest.raises(SourceError, match=f"^the answer holds {day(number)}, which was not asked"):
        read([*month(), candle(number)])
    unreadable = candle(number, "n/a")
    with pytest.raises(SourceError, match=f"^the answer holds {day(number)}, which was not asked"):
        read([*month(), unreadable])


def test_a_candle_of_two_days_is_refused() -> None:
    odd = {**candle(3), "timeClose": f"{day(4)}T23:59:59.999Z"}
    with pytest.raises(SourceError, match=r"^a candle from 2024-01-04 to 2024-01-05, expected"):
        read([*month(3), odd])


@pytest.mark.parametrize(
    ("symbol", "name"),
    [(None, "Name"), ("SYM", None), (5, "Name"), ("SYM", ["Name"]), ("\x00", "N")],
)
def test_what_a_coin_is_called_is_taken_over_where_it_is_text(symbol: Any, name: Any) -> None:
    assert read(month(), symbol=symbol, name=name).labels == ()
    renamed = read(month(), symbol="NEW\n\x00", name="Another \ud800 name")
    assert renamed.labels == (Label("7", "NEW", "Another ? name", "history"),)


# --- days


def test_the_running_day_is_left_out() -> None:
    now = datetime(2024, 1, 10, 12, tzinfo=UTC)
    assert days_of(read(month(10), (0, 9), now)) == [day(number) for number in range(9)]
    short = {**candle(9), "timeClose": f"{day(9)}T11:00:00.000Z"}  # it says it is over
    assert days_of(read([*month(9), short], (0, 9), now)) == [day(n) for n in range(9)]
    midnight = datetime(2024, 1, 11, tzinfo=UTC)
    assert days_of(read(month(10), (0, 9), midnight)) == [day(number) for number in range(10)]


def test_times_are_utc_in_whatever_zone_they_are_told() -> None:
    same = {"timeOpen": "2024-01-01T05:30:00+05:30", "timeClose": "2024-01-01T18:59:59-05:00"}
    assert days_of(read([{**candle(0), **same}], (0, 0))) == [day(0)]
    naive = {"timeOpen": "2024-01-01", "timeClose": "2024-01-01T23:59:59"}
    assert days_of(read([{**candle(0), **naive}], (0, 0))) == [day(0)]


def test_days_in_order_either_way_are_fine() -> None:
    parsed = read(month()[::-1])
    assert days_of(parsed) == [day(number) for number in range(30)]
    assert parsed.doubts == ()


def test_days_out_of_order_are_doubted_and_sorted() -> None:
    quotes = month()
    quotes[3], quotes[20] = quotes[20], quotes[3]
    parsed = read(quotes)
    assert days_of(parsed) == [day(number) for number in range(30)]
    (doubt,) = parsed.doubts
    assert doubt.startswith("the days are out of order ")
    assert read(quotes).doubts == (doubt,)
    quotes[4], quotes[21] = quotes[21], quotes[4]
    assert read(quotes).doubts != (doubt,)  # another disorder is another doubt


def test_an_exact_repetition_is_dropped() -> None:
    parsed = read([*month(), candle(29)])
    assert days_of(parsed) == [day(number) for number in range(30)]
    assert (parsed.doubts, parsed.quarantined) == ((), ())


def test_a_day_that_is_told_in_two_ways_is_kept_out() -> None:
    parsed = read([*month(), candle(29, 11.0)])
    assert days_of(parsed) == [day(number) for number in range(29)]
    assert flaws_of(parsed) == [(day(29), "repeated", "another row differs")] * 2
    assert [row["close"] for row in parsed.quarantined] == [10.0, 11.0]
    assert len(parsed.doubts) == 2


def test_holes_are_doubted() -> None:
    quotes = month()
    del quotes[10:13], quotes[2]
    assert read(quotes).doubts == (
        "no days between 2024-01-02 and 2024-01-04",
        "no days between 2024-01-10 and 2024-01-14",
    )


def test_a_candle_that_is_kept_out_is_no_hole() -> None:
    quotes = month()
    quotes[10] = candle(10, None)
    (doubt,) = read(quotes).doubts
    assert doubt.startswith("2024-01-11: no_price ")


def test_a_coin_that_begins_late_or_ends_early_is_no_doubt() -> None:
    parsed = read(month()[10:20])
    assert parsed.doubts == ()
    assert parsed.window == Window("7", day(0), day(29))


def test_a_long_answer_that_begins_late_answers_only_that_part() -> None:
    quotes = [candle(number) for number in range(200, 200 + FULL)]
    parsed = read(quotes, (0, 200 + FULL - 1))
    assert parsed.window == Window("7", day(200), day(200 + FULL - 1))
    short = read(quotes[1:], (0, 200 + FULL - 1))
    assert short.window == Window("7", day(0), day(200 + FULL - 1))


def test_context_counts_to_the_length_and_a_flawed_first_day_was_answered() -> None:
    quotes = [candle(50, None), *(candle(number) for number in range(51, 50 + FULL))]
    parsed = read(quotes, (0, 50 + FULL - 4))
    assert parsed.window.first == day(50)
    assert len(parsed.rows) == FULL - 4


# --- candles that cannot be read

BROKEN: Mapping[str, tuple[Any, date | None, str]] = {
    "no candle": (None, None, "NoneType where a candle belongs"),
    "a list": ([1], None, "list where a candle belongs"),
    "no timeOpen": (without(candle(5), "timeOpen"), None, "there is no timeOpen"),
    "no timeClose": (without(candle(5), "timeClose"), None, "there is no timeClose"),
    "null time": ({**candle(5), "timeOpen": None}, None, "timeOpen is null"),
    "another time": ({**candle(5), "timeClose": "soon"}, None, 'timeClose is "soon"'),
    "a number": ({**candle(5), "timeOpen": 17e8}, None, "timeOpen is 1700000000.0"),
    "before time": (
        {**candle(5), "timeOpen": "0001-01-01T00:00:00+05:00"},
        None,
        'timeOpen is "0001-01-01T00:00:00+05:00"',
    ),
    "no quote": (without(candle(5), "quote"), day(5), "there is no quote"),
    "null quote": ({**candle(5), "quote": None}, day(5), "there is no quote"),
    "text": (candle(5, "n/a"), day(5), 'close: "n/a" where a number belongs'),
    "infinite": (candle(5, open=math.inf), day(5), "open: inf where a number belongs"),
    "NaN": (candle(5, low="NaN"), day(5), 'low: "NaN" where a number belongs'),
    "list": (candle(5, volume=[1]), day(5), "volume: [1] where a number belongs"),
    "no end": (
        candle(5, 1e-10, volume=1e300),
        day(5),
        "volume: 1e+300 is too much at a close of 1e-10",
    ),
    "no close": (
        {**candle(5), "quote": without(candle(5)["quote"], "close")},
        day(5),
        "there is no close",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_read_is_kept_out_with_its_raw_text(what: str) -> None:
    raw, when, detail = BROKEN[what]
    quotes: list[Any] = month(10)
    quotes[5] = raw
    parsed = read(quotes, (0, 9))
    assert days_of(parsed) == [day(number) for number in range(10) if number != 5]
    (row,) = parsed.quarantined
    assert (row["asset_id"], row["date"], row["reason"]) == ("7", when, "unreadable")
    assert row["detail"] == detail
    assert row["raw"] == json.dumps(raw)
    assert len(parsed.doubts) == (1 if when else 2)  # without a day, there is a hole as well
    frame = quarantine_frame(parsed.quarantined)
    assert tuple(frame.columns) == QUARANTINE_COLUMNS
    assert frame["close"].isna().all()


def test_the_same_flaw_in_another_row_is_another_doubt() -> None:
    doubts = set()
    for value in ("n/a", "--"):
        quotes = month(10)
        quotes[5] = candle(5, value)
        doubts |= set(read(quotes, (0, 9)).doubts)
    assert len(doubts) == 2


# --- candles that are odd


@pytest.mark.parametrize(
    ("odd", "reason", "detail"),
    [
        (candle(5, None), "no_price", "close is null"),
        (candle(5, "0E-30"), "not_positive", "close is 0"),
        (candle(5, low=-1), "not_positive", "low is -1"),
        (candle(5, volume=-1), "not_positive", "volume is -0.1"),
        (candle(5, high=9.0), "broken_bar", "open 9.5 is not within 9 to 9"),
        (candle(5, high=1e9), "wick", "1e+09 is far from open 9.5"),
        (
            candle(5, 500.0),
            "spike",
            "close 500, between 10 on 2024-01-05 and 10 on 2024-01-07",
        ),
    ],
)
def test_a_flawed_candle_is_kept_out_with_its_raw_text_and_its_numbers(
    odd: dict[str, Any], reason: str, detail: str
) -> None:
    quotes = month(10)
    quotes[5] = odd
    parsed = read(quotes, (0, 9))
    assert days_of(parsed) == [day(number) for number in range(10) if number != 5]
    assert flaws_of(parsed) == [(day(5), reason, detail)]
    (row,) = parsed.quarantined
    assert row["raw"] == json.dumps(odd)
    frame = quarantine_frame(parsed.quarantined)
    told = {**odd["quote"], "market_cap": 1e6, "turnover": odd["quote"]["volume"]}
    for name in ("open", "high", "low", "close", "market_cap", "turnover"):
        expected = math.nan if told[name] is None else float(told[name])
        assert frame[name][0] == expected or (math.isnan(expected) and math.isnan(frame[name][0]))
    (doubt,) = parsed.doubts
    assert doubt.startswith(f"2024-01-06: {reason} ")


def test_a_newest_price_ten_times_the_one_before_waits() -> None:
    parsed = read([*month(9), candle(9, 101.0)], (0, 9))
    assert days_of(parsed) == [day(number) for number in range(9)]
    assert flaws_of(parsed) == [
        (day(9), "unconfirmed", "close 101 after 10 on 2024-01-09"),
    ]


@pytest.mark.parametrize("name", ["open", "high", "low", "volume", "marketCap"])
def test_a_null_is_doubted_and_then_unknown(name: str) -> None:
    quotes = month(10)
    quotes[5] = candle(5, **{name: None})
    parsed = read(quotes, (0, 9))
    assert parsed.doubts == (f"2024-01-06: {name} is null",)
    assert parsed.quarantined == ()
    column = {"volume": "turnover", "marketCap": "market_cap"}.get(name, name)
    assert [at for at, gap in enumerate(parsed.rows[column].isna()) if gap] == [5]
    assert len(parsed.rows) == 10


@pytest.mark.parametrize("name", ["volume", "marketCap"])
def test_a_zero_is_doubted_where_it_stands_alone(name: str) -> None:
    zero: dict[str, Any] = {name: "0E-30"}
    quotes = month(10)
    quotes[5] = candle(5, **zero)
    assert read(quotes, (0, 9)).doubts == (f"2024-01-06: {name} is 0",)
    quotes[6] = candle(6, **zero)
    assert read(quotes, (0, 9)).doubts == ()  # a silent time is not odd
    edges = month(10)
    edges[0], edges[9] = candle(0, **zero), candle(9, **zero)
    assert read(edges, (0, 9)).doubts == ()  # nothing to compare with
    parsed = read(quotes, (0, 9))
    column = "turnover" if name == "volume" else "market_cap"
    got = parsed.rows[column][5]
    assert got == 0.0 if name == "volume" else math.isnan(got)  # a cap of 0 is unknown


def test_doubts_are_the_same_for_the_same_answer_and_all_are_told() -> None:
    quotes = month(12)
    quotes[2], quotes[3] = quotes[3], quotes[2]
    quotes[5] = candle(5, "n/a")
    quotes[7] = candle(7, volume=None)
    del quotes[9]
    first = read(quotes, (0, 11)).doubts
    assert len(first) == 4
    assert read(json.loads(json.dumps(quotes)), (0, 11)).doubts == first


def test_a_cap_that_is_zero_all_along_is_unknown_and_no_doubt() -> None:
    parsed = read([candle(number, marketCap=0) for number in range(10)], (0, 9))
    assert parsed.doubts == ()
    assert parsed.rows["market_cap"].isna().all()
    assert pd.api.types.is_float_dtype(parsed.rows["market_cap"])
