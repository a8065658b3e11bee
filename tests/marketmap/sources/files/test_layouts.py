"""Shapes of tables that people have: separators, names of columns, a column per asset, archives."""

import gzip
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from marketmap.errors import ConfigError
from marketmap.settings import FilesSettings
from marketmap.sources.files.table import read_table
from tests.support.price_files import closes_of, refusal_of, write_csv

DAYS = pd.bdate_range("2024-01-01", periods=3)
EXPECTED = {
    "A": {"2024-01-01": 1.0, "2024-01-02": 2.0, "2024-01-03": 3.0},
    "B": {"2024-01-01": 4.0, "2024-01-03": 6.0},
}


def wide() -> pd.DataFrame:
    values = {"A": [1.0, 2.0, 3.0], "B": [4.0, None, 6.0]}
    return pd.DataFrame(values, index=pd.DatetimeIndex(DAYS, name="Date"))


def two_levels(*, fields_first: bool = True) -> pd.DataFrame:
    closes = wide()
    table = pd.concat({"Close": closes, "High": closes + 1}, axis=1, names=["Price", "Ticker"])
    return table if fields_first else table.swaplevel(axis=1).sort_index(axis=1)


def long(**names: str) -> pd.DataFrame:
    rows = wide().rename_axis(columns="symbol").stack().rename("close").reset_index()
    return rows.rename(columns={"Date": "date"}).rename(columns=names)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_is_found_out(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "prices.csv"
    long().to_csv(path, sep=separator, index=False)
    assert closes_of(path) == EXPECTED
    wide().to_csv(path, sep=separator)
    assert closes_of(path) == EXPECTED


def test_a_separator_of_the_settings_counts(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    long().to_csv(path, sep="~", index=False)
    assert refusal_of(path) == (
        "missing columns date, symbol, close; the file has: date~symbol~close; "
        "source.separator says what separates them"
    )
    assert closes_of(path, separator="~") == EXPECTED


@pytest.mark.parametrize(
    "names",
    [
        {"date": "Date", "symbol": "Ticker", "close": "Close"},
        {"date": "DATE", "symbol": "SYMBOL", "close": "CLOSE"},
        {"date": "Datetime", "symbol": "ticker", "close": "Adj Close"},
        {"date": "timestamp", "symbol": "Asset", "close": "adj_close"},
        {"date": "Date", "symbol": "Symbol", "close": "Price"},
    ],
)
def test_columns_go_by_their_usual_names(tmp_path: Path, names: dict[str, str]) -> None:
    path = tmp_path / "prices.csv"
    long(**names).to_csv(path)  # with numbers of rows, in a column without a name
    assert closes_of(path) == EXPECTED
    long(**names).to_parquet(tmp_path / "prices.parquet")
    assert closes_of(tmp_path / "prices.parquet") == EXPECTED


def test_columns_of_the_settings_count(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    long(date="Datum", symbol="Name").assign(Schluss=lambda rows: rows["close"] * 2).to_csv(path)
    hint = "source.columns names what is called otherwise, such as columns: {date: X}"
    assert refusal_of(path) == (
        f"missing columns date, symbol; the file has: , Datum, Name, close, Schluss; {hint}"
    )
    columns = {"date": "Datum", "symbol": "Name"}
    assert closes_of(path, columns=columns) == EXPECTED
    assert closes_of(path, columns={**columns, "close": "Schluss"})["B"]["2024-01-01"] == 8
    assert refusal_of(path, columns={**columns, "close": "Kurs"}) == (
        "source.columns says that close is 'Kurs', which is not there; "
        "the file has: , Datum, Name, close, Schluss"
    )


def test_two_columns_that_may_be_the_same_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Date,DATE,symbol,close", "2024-01-01,2024-01-02,A,1")
    assert refusal_of(path) == (
        "columns Date and DATE may both be date; say which with source.columns, "
        "such as columns: {date: Date}"
    )
    assert closes_of(path, columns={"date": "DATE"}) == {"A": {"2024-01-02": 1.0}}


def test_adjusted_closes_leave_unadjusted_prices_out(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Date,Ticker,Open,Adj Close", "2024-01-01,A,10,1")
    found = read_table(path, FilesSettings(kind="files", path=path), DAYS[-1].date())
    assert found.values["close"].tolist() == [1.0]
    assert pd.isna(found.values["open"]).all()
    (note,) = found.notes
    assert note == (
        "prices.csv: closes are those of column Adj Close; open, which are not adjusted, were left "
        "out."
    )
    both = write_csv(tmp_path, "Date,Ticker,Close,Adj Close", "2024-01-01,A,10,1")
    assert closes_of(both) == {"A": {"2024-01-01": 10.0}}
    assert closes_of(both, columns={"close": "Adj Close"}) == {"A": {"2024-01-01": 1.0}}


@pytest.mark.parametrize("name", ["Date", None])
def test_a_column_per_asset_is_read(tmp_path: Path, name: str | None) -> None:
    table = wide().rename_axis(index=name)
    table.to_parquet(tmp_path / "prices.parquet")
    assert closes_of(tmp_path / "prices.parquet") == EXPECTED
    table.to_csv(tmp_path / "prices.csv")
    assert closes_of(tmp_path / "prices.csv") == EXPECTED


def test_tickers_that_are_words_for_prices_are_assets(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Date,LOW,AAPL,MSFT", "2024-01-01,1,2,3")
    assert set(closes_of(path)) == {"LOW", "AAPL", "MSFT"}
    bars = write_csv(tmp_path, "Date,Open,High,Low", "2024-01-01,1,2,3")
    assert refusal_of(bars).startswith("missing columns symbol, close; the file has: Date, Open")


def test_a_bad_number_of_a_wide_table_is_named_with_its_asset_and_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "Date,A,B", "2024-01-01,1,2", "2024-01-02,1,x")
    assert refusal_of(path) == "column B, row 2: 'x' is text, expected a number"
    path = write_csv(tmp_path, "Date,A,B", "2024-01-01,1,2", "never,1,2")
    assert refusal_of(path).startswith("column Date, row 2: 'never' is no date")
    path = write_csv(tmp_path, "Date,A,A", "2024-01-01,1,2")
    assert refusal_of(path) == "column A is there 2 times"


@pytest.mark.parametrize("fields_first", [True, False])
def test_two_rows_of_names_are_read(tmp_path: Path, *, fields_first: bool) -> None:
    table = two_levels(fields_first=fields_first)
    table.to_csv(tmp_path / "prices.csv")
    assert closes_of(tmp_path / "prices.csv") == EXPECTED
    table.rename_axis(index=None).to_csv(tmp_path / "prices.csv")
    assert closes_of(tmp_path / "prices.csv") == EXPECTED
    table.to_parquet(tmp_path / "prices.parquet")
    assert closes_of(tmp_path / "prices.parquet") == EXPECTED


def test_two_rows_of_names_without_closes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    two_levels()[["Close"]].rename(columns={"Close": "Volume"}).to_csv(path)
    assert refusal_of(path).startswith("missing column close; the file has: A Volume; ")


def test_compressed_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv.gz"
    long().to_csv(path, index=False)
    assert closes_of(path) == EXPECTED
    path.write_bytes(path.read_bytes()[:-9])
    assert refusal_of(path).startswith("cannot be read as csv: ")
    path.write_bytes(gzip.compress(b""))
    assert refusal_of(path) == "missing columns date, symbol, close; the file has: none"


@pytest.mark.parametrize("name", ["prices.tsv", "prices.txt", "PRICES.CSV"])
def test_text_may_have_other_endings(tmp_path: Path, name: str) -> None:
    long().to_csv(tmp_path / name, sep="\t", index=False)
    assert closes_of(tmp_path / name) == EXPECTED


def test_excel_files_are_read(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "prices.xlsx"
    for table in (long(date="Date", symbol="Ticker", close="Close"), wide().reset_index()):
        table.to_excel(path, index=False)
        assert closes_of(path) == EXPECTED
    two_levels().to_excel(path)
    assert closes_of(path) == EXPECTED
    long().assign(date=lambda rows: rows["date"].dt.strftime("%d/%m/%Y")).to_excel(path)
    assert refusal_of(path).startswith("column date, row 3: '02/01/2024' may be 2024-01-02 or ")
    with pd.ExcelWriter(path) as book:
        long().to_excel(book, sheet_name="one")
        long().to_excel(book, sheet_name="two")
    assert refusal_of(path) == (
        "cannot be read as xlsx: expected one sheet with rows, found: one, two; save one as CSV"
    )
    path.write_text("date,symbol,close")
    assert refusal_of(path) == "cannot be read as xlsx: File is not a zip file"


def test_excel_files_without_what_reads_them_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    (tmp_path / "prices.xlsx").touch()
    with pytest.raises(ConfigError, match=r"needs openpyxl \(marketmap\[excel\]\), which is not"):
        closes_of(tmp_path / "prices.xlsx")


def test_columns_without_a_name_are_no_assets_of_a_wide_table(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    wide().reset_index().to_csv(path)
    assert closes_of(path) == EXPECTED
    path.write_text("Date;A;B;\n31.01.2024;1,5;2,5;\n")
    assert closes_of(path) == {"A": {"2024-01-31": 1.5}, "B": {"2024-01-31": 2.5}}
    found = read_table(path, FilesSettings(kind="files", path=path), date(2024, 3, 1))
    assert found.notes == ("prices.csv: 1 column without a name left out.",)


def test_spaces_around_names_and_symbols_are_no_part_of_them(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "date, symbol, close", "2024-01-01, A, 1", "2024-01-02,A ,2", "2024-01-03,A,3"
    )
    assert closes_of(path) == {"A": EXPECTED["A"]}
    assert set(closes_of(write_csv(tmp_path, "Date, A, B", "2024-01-01, 1, 2"))) == {"A", "B"}
