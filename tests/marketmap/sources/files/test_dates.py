"""Dates as files write them: read where one reading fits, refused where two do."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marketmap.returns import compute_returns
from tests.support.price_files import closes_of, refusal_of, write_csv

PLACES = {"S": "Europe/London", "T": "Asia/Tokyo", "N": "America/New_York"}
SESSIONS = pd.bdate_range("2025-02-03", "2025-11-07")


def csv_of(folder: Path, *dates: str) -> Path:
    rows = [f'"{text}",A,{at + 1}' for at, text in enumerate(dates)]
    return write_csv(folder, "date,symbol,close", *rows)


def at_home(symbol: str, sessions: pd.DatetimeIndex = SESSIONS) -> pd.DataFrame:
    stamps = sessions.tz_localize(PLACES[symbol])
    return pd.DataFrame({"date": stamps, "symbol": symbol, "close": 2.0})


@pytest.mark.parametrize("separator", [" ", "T"])
def test_local_midnights_of_several_places_are_the_days_of_each(
    tmp_path: Path, separator: str
) -> None:
    rows = pd.concat([
        at_home(symbol).assign(date=lambda own: own["date"].map(lambda x: x.isoformat(separator)))
        for symbol in PLACES
    ])  # fmt: skip
    rows.to_csv(tmp_path / "prices.csv", index=False)
    expected = [str(day.date()) for day in SESSIONS]
    found = closes_of(tmp_path / "prices.csv")
    assert {symbol: list(days) for symbol, days in found.items()} == dict.fromkeys(PLACES, expected)


@pytest.mark.parametrize("symbol", PLACES)
def test_file_and_notebook_name_the_same_days(tmp_path: Path, symbol: str) -> None:
    rows = at_home(symbol)
    rows.to_parquet(tmp_path / "prices.parquet")
    rows.to_csv(tmp_path / "prices.csv", index=False)
    table = rows.pivot(index="date", columns="symbol", values="close")
    days = [str(day.date()) for day in compute_returns(table).index]
    assert list(closes_of(tmp_path / "prices.parquet")[symbol])[1:] == days
    assert list(closes_of(tmp_path / "prices.csv")[symbol])[1:] == days


def test_a_wide_table_with_a_zone_has_the_days_of_its_place(tmp_path: Path) -> None:
    table = pd.DataFrame({"A": 1.0, "B": 2.0}, index=SESSIONS.tz_localize("Asia/Tokyo"))
    table.to_parquet(tmp_path / "prices.parquet")
    assert list(closes_of(tmp_path / "prices.parquet")["B"])[-1] == "2025-11-07"


def test_a_day_that_has_begun_in_the_east_only_is_running_and_not_in_the_future(
    tmp_path: Path,
) -> None:
    today = datetime.now(UTC).date()
    days = [today + timedelta(days=n) for n in (-2, -1, 0, 1)]
    found = closes_of(csv_of(tmp_path, *(f"{day} 00:00:00+13:00" for day in days)))
    assert list(found["A"]) == [str(days[0]), str(days[1])]
    assert "lies in the future" in refusal_of(csv_of(tmp_path, *map(str, days)))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_intraday_bars_are_refused(tmp_path: Path, kind: str) -> None:
    hours = pd.date_range("2025-02-03 09:00", periods=4, freq="h", tz="Asia/Tokyo")
    rows = pd.DataFrame({"date": hours, "symbol": "A", "close": 1.0})
    path = tmp_path / f"prices.{kind}"
    rows.to_csv(path, index=False) if kind == "csv" else rows.to_parquet(path)
    assert refusal_of(path) == (
        "A: intraday bars, such as 09:00 and 10:00 on 2025-02-03; expected one row per day, such "
        "as the last bar of each"
    )


def test_local_midnights_written_in_utc_are_refused(tmp_path: Path) -> None:
    stamps = SESSIONS.tz_localize("Asia/Tokyo").tz_convert("UTC")
    table = pa.table({"date": stamps, "symbol": ["A"] * len(stamps), "close": [1.0] * len(stamps)})
    pq.write_table(table, tmp_path / "prices.parquet")
    assert "stamped 15:00 on Sundays to Thursdays" in refusal_of(tmp_path / "prices.parquet")
    seconds = [str(int(stamp.timestamp())) for stamp in stamps]
    assert "stamped 15:00 on Sundays to Thursdays" in refusal_of(csv_of(tmp_path, *seconds))
    london = SESSIONS.tz_localize("Europe/London").tz_convert("UTC")
    assert "stamped 00:00 on 2025-03-28, but 23:00 on" in refusal_of(
        csv_of(tmp_path, *map(str, london))
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["31/01/2024", "01/02/2024"],
        ["01/31/2024", "02/01/2024"],
        ["31.1.2024", "1.2.2024"],
        ["31-01-2024 16:00", "01-02-2024 16:00"],
        ["01/31/2024 04:00 PM", "02/01/2024 4:00 pm"],
        ["2024/01/31", "2024/02/01"],
        ["31-Jan-2024", "01-Feb-2024"],
        ["31-Jan-24", "01-Feb-24"],
        ["Jan 31, 2024", "Feb 1, 2024"],
        ["January 31, 2024", "February 1, 2024"],
        ["01/31/24", "02/01/24"],
        ["2024-01-31 00:00:00 +0900", "2024-02-01 00:00:00 +0900"],
        ["2024-01-31 00:00 UTC", "2024-02-01 00:00 UTC"],
        ["2024-01-31T00:00+09:00[Asia/Tokyo]", "2024-02-01T00:00+09:00[Asia/Tokyo]"],
        ["31/01/2024 00:00:00+09:00", "01/02/2024 00:00:00+09:00"],
    ],
)
def test_dates_that_can_be_read_in_one_way_are(tmp_path: Path, texts: list[str]) -> None:
    assert closes_of(csv_of(tmp_path, *texts))["A"] == {"2024-01-31": 1.0, "2024-02-01": 2.0}


@pytest.mark.parametrize(
    ("texts", "readings"),
    [
        (["01/02/2024", "02/02/2024"], "'01/02/2024' may be 2024-02-01 or 2024-01-02"),
        (["5.6.2024"], "'5.6.2024' may be 2024-06-05 or 2024-05-06"),
        (["31/01/24"], "'31/01/24' may be 2024-01-31 or 2031-01-24"),
    ],
)
def test_dates_that_can_be_read_in_two_ways_are_refused(
    tmp_path: Path, texts: list[str], readings: str
) -> None:
    message = refusal_of(csv_of(tmp_path, *texts))
    assert message.startswith(
        f"column date, row 1: {readings}, expected one order in all rows, or "
    )
    assert message.endswith('source.date_format, such as "%d/%m/%Y" or "%m/%d/%Y"')


def test_dates_in_two_orders_are_refused(tmp_path: Path) -> None:
    message = refusal_of(csv_of(tmp_path, "01/02/2024", "13/02/2024", "02/13/2024"))
    assert message.startswith(
        "column date, row 3: '02/13/2024' is no date in the order of those before it, expected one"
    )
    assert "row 2: '2024' is no date" in refusal_of(csv_of(tmp_path, "01/31/2024", "2024"))


def test_the_format_of_the_settings_counts(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "01/02/2024", "02/02/2024")
    assert list(closes_of(path, date_format="%d/%m/%Y")["A"]) == ["2024-02-01", "2024-02-02"]
    assert list(closes_of(path, date_format="%m/%d/%Y")["A"]) == ["2024-01-02", "2024-02-02"]
    assert refusal_of(path, date_format="%Y%m%d") == (
        "column date, row 1: '01/02/2024' is no date, expected source.date_format: '%Y%m%d'"
    )


def test_numbers_that_are_no_dates_are_refused(tmp_path: Path) -> None:
    for dates in (["1704153600", "1704240"], ["1704153600", "170424000000000"], ["20240131", "7"]):
        message = refusal_of(csv_of(tmp_path, *dates))
        assert message == (
            f"column date, row 2: '{dates[1]}' is no date, expected a day such as 2024-01-31, or "
            "source.date_format, which says how days are written"
        )


def test_a_column_of_dates_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Timestamp,Ticker,Close", "soon,A,1")
    assert refusal_of(path).startswith("column Timestamp, row 1: 'soon' is no date")
    assert date(2024, 1, 31).isoformat() in refusal_of(path)
