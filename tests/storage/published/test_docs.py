"""docs/database.md says of every view and column what the database says itself."""

import re
from pathlib import Path

from storage import cookbook, query
from tests.storage.conftest import Published

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "database.md"


def described(text: str) -> dict[str, tuple[str, list[tuple[str, ...]]]]:
    """Read a page: by view, its sentence and its columns (name, type, meaning)."""
    found = {}
    for section in re.split(r"^### ", text.split("\n## Views\n")[1].split("\n## ")[0], flags=re.M):
        if section.strip():
            name, comment, *_ = [line for line in section.splitlines() if line]
            table = [line for line in section.splitlines() if line.startswith("| ")][2:]
            cells = [tuple(line.strip("| ").split(" | ")) for line in table]
            found[name] = (comment, cells)
    return found


def test_the_page_tells_every_view_column_by_column(published: Published) -> None:
    comments = query(
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal",
        published.path,
    ).to_pylist()
    columns = query(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND NOT internal ORDER BY table_name, column_index",
        published.path,
    ).to_pylist()
    stored = {
        view["view_name"]: (
            view["comment"],
            [
                (column["column_name"], column["data_type"], column["comment"])
                for column in columns
                if column["table_name"] == view["view_name"]
            ],
        )
        for view in comments
    }
    assert described(PAGE.read_text(encoding="utf-8")) == stored


def test_the_page_names_every_table(published: Published) -> None:
    found = query("SELECT table_name FROM duckdb_tables()", published.path)
    named = re.findall(r"^\| store\.(\w+) \|", PAGE.read_text(encoding="utf-8"), flags=re.M)
    assert sorted(named) == sorted(found.column("table_name").to_pylist())


def test_the_cookbook_lies_where_the_page_says() -> None:
    names = {path.stem for path in (ROOT / "storage" / "queries").glob("*.sql")}
    assert names == set(cookbook())
    assert 8 <= len(names) <= 20
