"""Each way in which a file of prices can be wrong, and the line that says so."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.price_files import refusal_of, table, write_csv, write_parquet

TODAY = datetime.now(UTC).date()


def test_a_file_that_is_not_there_or_no_table(tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "none.csv") == "no such file, expected a file of prices"
    kinds = ".csv, .csv.gz, .tsv, .txt, .parquet or .xlsx"
    for name in ("none.xls", "none.parquet.gz", "none"):
        assert refusal_of(tmp_path / name) == f"unknown kind of file, expected {kinds}"
    (tmp_path / "folder.csv").mkdir()
    assert refusal_of(tmp_path / "folder.csv") == "is a folder, expected a file of prices"
    fake = write_csv(tmp_path, "date,symbol,close", "2024-01-01,A,1", name="fake.parquet")
    assert refusal_of(fake).startswith("cannot be read as parquet: Parquet magic bytes not found")
    whole = write_parquet(tmp_path, table("A", 500))
    half = tmp_path / "half.parquet"
    half.write_bytes(whole.read_bytes()[:2000])
    assert refusal_of(half).startswith("cannot be read as parquet: ")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("date,symbol,close\n2024-01-01,Ä,1\n".encode("latin-1"))
    assert refusal_of(latin).startswith("cannot be read as csv: ")
    ragged = write_csv(tmp_path, "date,symbol,close", "2024-01-01,A,1", "2024-01-02,A")
    assert "Expected 3 columns, got 2" in refusal_of(ragged)


def test_an_empty_file(tmp_path: Path) -> None:
    empty = write_csv(tmp_path, "date,symbol,close")
    assert refusal_of(empty) == "the file has no rows, expected prices"
    empty.write_text("")
    assert refusal_of(empty) == "missing columns date, symbol, close; the file has: none"
    no_close = write_csv(tmp_path, "date,symbol,close", "2024-01-01,A,")
    assert refusal_of(no_close) == f"no row has a close on a day before {TODAY}"


def test_columns_that_are_missing_or_twice(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Date,symbol;close,symbol", "2024-01-01,A,1")
    hint = "source.columns names what is called otherwise, such as columns: {close: X}"
    assert refusal_of(path) == (
        f"missing column close; the file has: Date, symbol;close, symbol; {hint}"
    )
    path = write_csv(tmp_path, "date,symbol,close,close", "2024-01-01,A,1,2")
    assert refusal_of(path) == "column close is there 2 times"


@pytest.mark.parametrize("value", ["1,5,5", "abc", "1 00", "$5", "<b>"])
def test_text_in_a_column_of_numbers(tmp_path: Path, value: str) -> None:
    rows = [f"2024-01-01,S{i},1,nan" for i in range(1000)]
    rows[700] = f'2024-01-01,S700,1,"{value}"'
    path = write_csv(tmp_path, "date,symbol,close,volume", *rows)
    assert refusal_of(path) == f"column volume, row 701: {value!r} is text, expected a number"


def test_text_in_a_parquet_column_of_numbers(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, table("A", 3, volume=["1", None, "x"]))
    assert refusal_of(path) == "column volume, row 3: 'x' is text, expected a number"
    path = write_parquet(tmp_path, table("A", 3, volume=[True, False, True]))
    assert refusal_of(path) == "column volume holds bool, expected numbers"


def test_dates_that_are_none(tmp_path: Path) -> None:
    expected = "expected a day such as 2024-01-31"
    otherwise = "or source.date_format, which says how days are written"
    for text, what in [("tomorrow", "'tomorrow' is no date"), ("", "empty")]:
        path = write_csv(tmp_path, "date,symbol,close", "2024-01-30,A,1", f"{text},A,1")
        assert refusal_of(path) == f"column date, row 2: {what}, {expected}, {otherwise}"
    path = tmp_path / "prices.parquet"
    pq.write_table(pa.table({"date": [45322], "symbol": ["A"], "close": [1.0]}), path)
    assert refusal_of(path) == f"column date, row 1: '45322' is no date, {expected}, {otherwise}"
    pq.write_table(pa.table({"date": [1.5], "symbol": ["A"], "close": [1.0]}), path)
    assert refusal_of(path) == f"column date holds double, {expected}"
    days = pa.array([date(2024, 1, 1), None])
    pq.write_table(pa.table({"date": days, "symbol": ["A", "A"], "close": [1.0, 2]}), path)
    assert refusal_of(path) == f"column date, row 2: empty, {expected}"


def test_symbols_that_are_none(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "date,symbol,close", "2024-01-30,A,1", "2024-01-30,,1")
    assert refusal_of(path) == "column symbol: row 2 has none, expected text in every row"
    path = tmp_path / "prices.parquet"
    pq.write_table(pa.table({"date": ["2024-01-01"], "symbol": pa.nulls(1), "close": [1.0]}), path)
    assert refusal_of(path) == "column symbol: no row has one, expected text in every row"


def test_infinite_numbers(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "date,symbol,close,low", "2024-01-01,A,1,1", "2024-01-02,A,1,-inf")
    assert refusal_of(path) == "A on 2024-01-02: low is infinite, expected a number"


def test_days_in_the_future(tmp_path: Path) -> None:
    tomorrow = TODAY + timedelta(days=1)
    path = write_parquet(tmp_path, table("A", 3), table("B", 3, last=tomorrow))
    assert refusal_of(path) == (
        f"B on {tomorrow}: this day lies in the future; expected days up to {TODAY}"
    )
