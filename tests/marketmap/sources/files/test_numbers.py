"""Numbers as files write them: read where one reading fits, refused where two do."""

from pathlib import Path

import pytest

from tests.support.price_files import closes_of, refusal_of, write_csv


def csv_of(folder: Path, *closes: str) -> Path:
    rows = [f"2024-01-{at + 1:02};A;{text}" for at, text in enumerate(closes)]
    return write_csv(folder, "date;symbol;close", *rows)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,5", "2"], [1.5, 2]),
        (["1.234,5", "2"], [1234.5, 2]),
        (["1,234.5", "2"], [1234.5, 2]),
        (["1,234,567", "2"], [1234567, 2]),
        (["1.234.567", "2"], [1234567, 2]),
        (["1 234,5", "1\u00a0234,25"], [1234.5, 1234.25]),
        (["1'234.5", "1\u2019234"], [1234.5, 1234]),
        (["1 234", "2"], [1234, 2]),
        (["1,234", "0.5"], [1234, 0.5]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1,5e3", ",5"], [1500, 0.5]),
        (["1.234", "2.345"], [1.234, 2.345]),
    ],
)
def test_numbers_that_can_be_read_in_one_way_are(
    tmp_path: Path, texts: list[str], values: list[float]
) -> None:
    assert list(closes_of(csv_of(tmp_path, *texts))["A"].values()) == values


def test_one_column_settles_how_all_are_read(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path, "date;symbol;open;close", "2024-01-01;A;0,5;1,234", "2024-01-02;A;1;1.000,5"
    )
    assert list(closes_of(path)["A"].values()) == [1.234, 1000.5]


def test_numbers_that_can_be_read_in_two_ways_are_refused(tmp_path: Path) -> None:
    path = csv_of(tmp_path, "2", "1,234")
    assert refusal_of(path) == (
        "column close, row 2: '1,234' may be 1234 or 1.234; say which with source.decimal: "
        'decimal: "." or decimal: ","'
    )
    assert list(closes_of(path, decimal=".")["A"].values()) == [2, 1234]
    assert list(closes_of(path, decimal=",")["A"].values()) == [2, 1.234]
    plain = csv_of(tmp_path, "1.234", "1.250")
    assert list(closes_of(plain, decimal=",")["A"].values()) == [1234, 1250]


def test_numbers_of_two_kinds_are_refused(tmp_path: Path) -> None:
    assert refusal_of(csv_of(tmp_path, "2", "1,5", "2.5")) == (
        "'1,5' in column close, row 2 and '2.5' in column close, row 3: "
        "one has a decimal comma and one a decimal point"
    )


@pytest.mark.parametrize("text", ["1,5,5", "12,34.5", "1.2.3", "1 2", "1,,5", "€5", "5 %", "--1"])
def test_what_is_no_number_is_named_with_its_place(tmp_path: Path, text: str) -> None:
    path = csv_of(tmp_path, "1,5", "2,25", text)
    assert refusal_of(path) == f"column close, row 3: {text!r} is text, expected a number"
