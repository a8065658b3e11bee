"""A query's answer on a terminal."""

from pathlib import Path

import pyarrow as pa
import pytest

from flows.cli import sql_output as tables
from flows.cli.sql_output import fitting_columns, format_of

ANSWER = pa.table({"symbol": ["BTC", "ETH"], "name": ["Bitcoin", None], "cap": [1.5e12, 2e11]})


def test_columns_fit_a_terminal_from_the_left() -> None:
    # | symbol | name    | cap     |
    assert fitting_columns(ANSWER, 80) == 3
    assert fitting_columns(ANSWER, 30) == 3
    assert fitting_columns(ANSWER, 29) == 2
    assert fitting_columns(ANSWER, 5) == 1
    assert fitting_columns(ANSWER.slice(0, 0), 80) == 3


def test_a_terminal_is_told_what_it_does_not_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "SHOWN_ROWS", 1)
    monkeypatch.setenv("COLUMNS", "22")
    tables._print_rich(ANSWER)
    shown = " ".join(capsys.readouterr().out.split())
    assert "BTC" in shown
    assert "ETH" not in shown
    assert "2 rows, of which 1 are not shown; --format csv gives them all" in shown
    assert "no room for the columns cap; select fewer, or widen the terminal" in shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"),
        ("a.PARQUET", "parquet"),
        ("a.json", "json"),
        ("a.jsonl", "json"),
        ("a.txt", "table"),
        ("a", "table"),
    ],
)
def test_the_format_is_what_a_files_name_ends_with(name: str, expected: str) -> None:
    assert format_of(Path("folder") / name) == expected
    assert format_of(None) == "table"
