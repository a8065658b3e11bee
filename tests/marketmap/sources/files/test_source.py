"""Prices from files: what is read, what is listed, and each way to be wrong."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marketmap.errors import DataError
from marketmap.frames import LISTING_COLUMNS, PRICE_COLUMNS
from marketmap.settings import FetchSettings, FilesSettings, RankBy
from marketmap.sources import open_source
from marketmap.sources.files.source import Files
from tests.support.price_files import table, write_csv, write_parquet

NOW = datetime.now(UTC)
TODAY = NOW.date()


def open_files(path: Path) -> Files:
    source = open_source(FilesSettings(kind="files", path=path), FetchSettings(), Path())
    assert isinstance(source, Files)
    return source


# --- what is read


def test_reads_a_csv_with_the_needed_columns_only(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path,
        "symbol,close,comment,date",
        "NA,2.5,x,2024-01-03",  # a symbol, and not an unknown one
        "NA,2,,2024-01-02",
        '"A, Inc.",1e2,x,2024-01-02T00:00:00Z',
    )
    source = open_files(path)
    prices = source.prices("NA", date(2024, 1, 1), date(2024, 1, 31))
    assert tuple(prices.columns) == PRICE_COLUMNS
    assert list(prices["date"].dt.day) == [2, 3]
    assert list(prices["close"]) == [2.0, 2.5]
    assert prices[["open", "high", "low", "volume", "market_cap", "turnover"]].isna().all(axis=None)
    assert list(source.prices("A, Inc.", date(2024, 1, 1), date(2024, 1, 31))["close"]) == [100.0]
    assert source.notes[:-1] == (
        "prices.csv: neither market cap nor turnover is known; assets rank by symbol.",
    )


def test_reads_all_columns_and_knows_an_unknown_number(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path,
        "date,symbol,name,open,high,low,close,volume,market_cap,turnover",
        "2024-01-02,A,Alpha,1,3,0.5,2,10,0,",
        "2024-01-03,A,Alpha,NaN,,null,4,10,500,77",
    )
    prices = open_files(path).prices("A", date(2024, 1, 2), date(2024, 1, 3))
    np.testing.assert_array_equal(prices["open"], [1, np.nan])
    np.testing.assert_array_equal(prices["high"], [3, np.nan])
    np.testing.assert_array_equal(prices["low"], [0.5, np.nan])
    np.testing.assert_array_equal(prices["market_cap"], [np.nan, 500])  # 0 is unknown
    np.testing.assert_array_equal(prices["turnover"], [20, 77])  # close x volume where not told


@pytest.mark.parametrize(
    "days",
    [
        pa.array([date(2024, 1, 2), date(2024, 1, 3)]),
        pa.array(["2024-01-02 23:59:59", "2024-01-03 23:59:59"]),
        pa.array(["2024-01-02T01:00+00:00", "2024-01-03T01:00:00+02:00"]),
        pa.array(["2024-01-02", "2024-01-03"]).dictionary_encode(),
        pa.array([datetime(2024, 1, 2, 16), datetime(2024, 1, 3, 16)], pa.timestamp("ns")),
        pa.array([datetime(2024, 1, 1, 15), datetime(2024, 1, 2, 15)], pa.timestamp("s", "Japan")),
        pa.array([datetime(2024, 1, 1, 15), datetime(2024, 1, 2, 15)], pa.timestamp("s", "+09:00")),
        pa.array([20240102, 20240103]),
        pa.array(["20240102", "20240103"]),
        pa.array([1704153600, 1704240000]),
        pa.array([1704153600.0, 1704240000.0]),
        pa.array(["1704153600000", "1704240000000"]),
        pa.array([1704153600000000000, 1704240000000000000]),
    ],
    ids=[
        *("date", "text", "zoned text", "category", "naive", "zoned", "offset", "number", "digits"),
        *("seconds", "float", "ms", "ns"),
    ],
)
def test_a_date_of_any_kind_is_the_day_it_names(tmp_path: Path, days: pa.Array) -> None:
    path = tmp_path / "prices.parquet"
    pq.write_table(pa.table({"date": days, "symbol": ["A", "A"], "close": [1, 2]}), path)
    prices = open_files(path).prices("A", date(2024, 1, 1), date(2024, 1, 31))
    assert [day.date() for day in prices["date"]] == [date(2024, 1, 2), date(2024, 1, 3)]


@pytest.mark.parametrize(
    "closes",
    [
        pa.array(["1.5", " 2 "]),
        pa.array([1.5, 2], pa.float32()),
        pa.array(["1.5", "2"]).dictionary_encode(),
        pa.array([1.5, 2]).cast(pa.decimal128(10, 2)),
    ],
    ids=["text", "float32", "category", "decimal"],
)
def test_numbers_of_any_kind_are_numbers(tmp_path: Path, closes: pa.Array) -> None:
    path = tmp_path / "prices.parquet"
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    pq.write_table(pa.table({"date": days, "symbol": [7, 7], "close": closes}), path)
    prices = open_files(path).prices("7", date(2024, 1, 1), date(2024, 1, 31))
    assert list(prices["close"]) == [1.5, 2.0]


def test_prices_are_cut_to_the_days_asked_for(tmp_path: Path) -> None:
    source = open_files(write_parquet(tmp_path, table("A", 10), table("B", 10)))
    prices = source.prices("B", date(2024, 3, 25), date(2024, 3, 27))
    assert list(prices["date"].dt.day) == [25, 26, 27]
    assert set(prices["asset_id"]) == {"B"}
    assert source.prices("B", date(2024, 3, 27), date(2024, 3, 25)).empty
    assert source.prices("B", date(2020, 1, 1), date(2020, 1, 2)).empty
    assert source.prices("unknown", date(2024, 3, 1), date(2024, 3, 31)).empty


def test_the_name_is_the_path_as_it_was_given(tmp_path: Path) -> None:
    write_parquet(tmp_path, table("A", 3))
    settings = FilesSettings(kind="files", path=Path("prices.parquet"))
    source = open_source(settings, FetchSettings(), tmp_path)
    assert source.name == "files:prices.parquet"
    assert not source.is_remote
    assert source.has_past_listings


def test_the_last_day_is_over_at_the_time(tmp_path: Path) -> None:
    source = open_files(write_parquet(tmp_path, table("A", 3), table("B", 30)))
    assert source.last_day(NOW) == date(2024, 3, 31)
    assert source.last_day(datetime(2024, 3, 20, 12, tzinfo=UTC)) == date(2024, 3, 19)
    with pytest.raises(DataError, match="no day before 2024-03-02; the first is 2024-03-02"):
        source.last_day(datetime(2024, 3, 2, tzinfo=UTC))


# --- what is listed


def test_ranks_by_market_cap_then_by_turnover(tmp_path: Path) -> None:
    source = open_files(
        write_parquet(
            tmp_path,
            table("small", 40, market_cap=1e6, volume=900.0, name="Small"),
            table("large", 40, market_cap=9e6, volume=1.0, name="Large"),
            table("zero", 40, market_cap=0.0, volume=5.0),
            table("other", 40, volume=50.0),
        )
    )
    listing = source.listing(date(2024, 3, 31), 10)
    assert tuple(listing.columns) == LISTING_COLUMNS
    assert list(listing["asset_id"]) == ["large", "small", "other", "zero"]
    assert list(listing["rank"]) == [1, 2, 3, 4]
    assert list(listing["name"]) == ["Large", "Small", "other", "zero"]
    np.testing.assert_array_equal(listing["market_cap"], [9e6, 1e6, np.nan, np.nan])
    assert list(listing["turnover"]) == [10.0, 9000.0, 500.0, 50.0]
    by_turnover = source.listing(date(2024, 3, 31), 2, "turnover")
    assert list(by_turnover["asset_id"]) == ["small", "other"]


def test_a_listing_is_as_of_its_day(tmp_path: Path) -> None:
    rising = [float(day) for day in range(1, 101)]
    source = open_files(
        write_parquet(
            tmp_path,
            table("A", 100, turnover=rising, market_cap=rising),
            table("late", 10, turnover=1e9),
            table("dead", 100, last=date(2024, 2, 20), turnover=1e9),
        )
    )
    # The 90th day of A: its month is 61..90, and nothing later is known.
    listing = source.listing(date(2024, 3, 21), 10).set_index("asset_id")
    # The last price of "dead" is thirty days old: it comes last and has no size.
    assert list(listing.index) == ["A", "dead"]
    assert listing.loc["dead", ["market_cap", "turnover"]].isna().all()
    assert listing.loc["A", "market_cap"] == 90
    assert listing.loc["A", "turnover"] == np.median(range(61, 91))
    assert set(source.listing(date(2024, 3, 20), 10)["asset_id"]) == {"A", "dead"}
    assert set(source.listing(date(2024, 3, 31), 10)["asset_id"]) == {"A", "dead", "late"}


def test_a_market_cap_of_eight_days_ago_is_unknown(tmp_path: Path) -> None:
    caps = [5.0, *[0.0] * 7]
    source = open_files(write_parquet(tmp_path, table("A", 8, market_cap=caps, volume=1.0)))
    assert source.listing(date(2024, 3, 30), 1)["market_cap"][0] == 5
    assert np.isnan(source.listing(date(2024, 3, 31), 1)["market_cap"][0])


def test_no_listing_without_prices_or_without_what_to_rank_by(tmp_path: Path) -> None:
    source = open_files(write_parquet(tmp_path, table("A", 8)))
    with pytest.raises(
        DataError, match=r"no asset has a price .* up to 2024-03-01; the file holds"
    ):
        source.listing(date(2024, 3, 1), 10)
    keys: tuple[RankBy, ...] = ("market_cap", "turnover")
    for key in keys:
        with pytest.raises(
            DataError, match=f"no {key} is known as of 2024-03-31, but universe.ran"
        ):
            source.listing(date(2024, 3, 31), 10, key)


# --- what is left out, and said


def test_exact_duplicates_are_dropped_and_counted(tmp_path: Path) -> None:
    row = "2024-01-02,A,1.5,"
    path = write_csv(tmp_path, "date,symbol,close,volume", row, "2024-01-01,A,1,5", row, row)
    source = open_files(path)
    assert list(source.prices("A", date(2024, 1, 1), date(2024, 1, 2))["close"]) == [1, 1.5]
    assert source.notes[:-1] == ("prices.csv: 2 exact duplicate rows on 2024-01-02 were dropped.",)


def test_rows_without_a_close_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path,
        "date,symbol,close,volume",
        *[f"2024-01-0{day},A,,5" for day in range(1, 6)],
        "2024-01-06,A,1,5",
        "2024-01-06,B,,5",
    )
    source = open_files(path)
    assert len(source.prices("A", date(2024, 1, 1), date(2024, 1, 31))) == 1
    assert list(source.listing(date(2024, 1, 6), 10)["asset_id"]) == ["A"]
    days = "2024-01-01, 2024-01-02, 2024-01-03 and 3 more"
    assert source.notes[:-1] == (
        f"prices.csv: 6 rows without a close on {days} were left out.",
        "prices.csv: no day has a close of B.",
    )


def test_the_running_day_is_left_out(tmp_path: Path) -> None:
    source = open_files(write_parquet(tmp_path, table("A", 3, last=TODAY, volume=1.0)))
    yesterday = TODAY - timedelta(days=1)
    assert source.last_day(NOW) == yesterday
    assert source.prices("A", yesterday, TODAY)["date"].dt.date.to_list() == [yesterday]
    assert source.notes[:-1] == (
        f"prices.parquet: 1 row of the running day, {TODAY}, was left out.",
    )


def test_a_file_of_survivors_is_told_from_one_that_knows_the_dead(tmp_path: Path) -> None:
    alive = table("A", 60, volume=1.0)
    (note,) = open_files(write_parquet(tmp_path, alive)).notes
    what = "on earlier days, what vanished since may be missing"
    assert note == f"prices.parquet: every asset has prices up to the end; {what}."
    dead = table("B", 60, volume=1.0, last=date(2024, 3, 1))
    assert open_files(write_parquet(tmp_path, alive, dead)).notes == ()


def test_names_of_strangers_are_only_text(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "date,symbol,close,name", "2024-01-01,'; DROP TABLE runs; --,1,<img src=x>"
    )
    listing = open_files(path).listing(date(2024, 1, 1), 1)
    assert listing["asset_id"][0] == "'; DROP TABLE runs; --"
    assert listing["name"][0] == "<img src=x>"


# --- real files


def test_bybit_duplicates_are_told(shared_data: Path) -> None:
    path = shared_data / "crypto_bybit_perps_2020_2025.parquet"
    source = open_files(path)
    assert source.notes[:-1] == (
        f"{path.name}: 152 exact duplicate rows on 2023-02-18 were dropped.",
    )
    assert source.last_day(NOW) == date(2025, 11, 13)
    listing = source.listing(date(2025, 11, 13), 150)
    assert list(listing["symbol"][:3]) == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert listing["turnover"].is_monotonic_decreasing
    prices = source.prices("BTCUSDT", date(2023, 2, 17), date(2023, 2, 19))
    assert list(prices["date"].dt.day) == [17, 18, 19]


def test_a_million_rows_of_stocks_are_read_in_seconds(shared_data: Path) -> None:
    begun = time.perf_counter()
    source = open_files(shared_data / "equities_sp500_2010_2019.parquet")
    assert time.perf_counter() - begun < 10  # about 1 s on an idle machine
    assert len(source.notes) == 1  # today's members only
    assert source.notes[0].endswith("on earlier days, what vanished since may be missing.")
    assert source.last_day(NOW) == date(2019, 2, 20)
    assert list(source.listing(date(2019, 2, 20), 2)["symbol"]) == ["AMZN", "AAPL"]
    # As of a day, and not as of now.
    assert source.listing(date(2010, 6, 30), 600)["asset_id"].isin(["FB"]).sum() == 0
    assert len(source.prices("AAPL", date(2010, 1, 4), date(2019, 2, 20))) == 2298


def test_a_zero_market_cap_of_a_real_coin_is_unknown(shared_data: Path) -> None:
    source = open_files(shared_data / "crypto_cmc_23coins_2013_2021.parquet")
    truth = pd.read_parquet(shared_data / "crypto_cmc_23coins_2013_2021.parquet")
    listing = source.listing(date(2021, 2, 27), 23)
    latest = truth[truth["date"] == "2021-02-27"].sort_values("market_cap", ascending=False)
    assert list(listing["symbol"]) == list(latest["symbol"])
    assert list(listing["market_cap"]) == list(latest["market_cap"])
    start, end = date(2013, 1, 1), date(2021, 2, 27)
    unknown = sum(source.prices(i, start, end)["market_cap"].isna().sum() for i in listing.asset_id)
    assert unknown == (truth["market_cap"] == 0).sum() == 331


def test_a_day_that_few_assets_have_is_not_the_last(tmp_path: Path) -> None:
    tables = [table(f"A{i}", 20) for i in range(5)]
    stray = table("A0", 1, last=date(2024, 4, 6))
    source = open_files(write_parquet(tmp_path, *tables, stray))
    assert source.last_day(NOW) == date(2024, 3, 31)
    assert any("few assets have prices after 2024-03-31" in note for note in source.notes)


def test_a_name_that_is_no_text_is_told_with_its_column(tmp_path: Path) -> None:
    odd = table("A", 3).assign(name=[{"en": "x"}] * 3)
    with pytest.raises(DataError, match=r"column name: struct<.*>, expected text"):
        open_files(write_parquet(tmp_path, odd))
