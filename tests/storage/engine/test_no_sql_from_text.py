"""No SQL is made of text: what runs is a file of this room or a literal, with few exceptions."""

import ast
import re
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[3] / "storage"
RUN = {"execute", "executemany", "sql", "query", "from_query", "extract_statements"}
FILES = {"statement"}
"""The one function that gives SQL out of a file by a name."""

MADE_IN_SQL = re.compile(
    r"\b(query|query_table|json_execute_serialized_sql)\s*\(|\b(execute|prepare)\b", re.IGNORECASE
)

EXCEPTIONS = {
    ("query.py", "sql"): "the user's own query, on a connection that can only read",
    ("query.py", "statements[0]"): "the same, after it was found to be one query",
    ("schema.py", "sql"): "a file of storage/migrations or storage/views, as a whole",
}


TABLES_BY_NAME = {"read_all.sql"}
"""Files that name a table by a parameter: one of the catalogue's, quoted."""


def runs_of_sql(source: str) -> list[tuple[int, str, bool]]:
    """Return line, SQL and whether it is fixed, of every call that runs SQL."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in RUN:
            continue
        given = [*node.args, *(word.value for word in node.keywords)]
        first = given[0] if given else ast.Constant(None)
        found.append((node.lineno, ast.unparse(first), is_fixed(first)))
    return found


def is_fixed(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    is_file = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return is_file and node.func.id in FILES


@pytest.mark.parametrize("module", sorted(ROOM.rglob("*.py")), ids=lambda path: path.name)
def test_sql_is_a_file_or_a_literal(module: Path) -> None:
    made = [
        f"{module.name}:{line}: {sql}"
        for line, sql, fixed in runs_of_sql(module.read_text(encoding="utf-8"))
        if not fixed and (module.name, sql) not in EXCEPTIONS
    ]
    assert made == []


def test_every_exception_is_still_needed() -> None:
    made = {
        (module.name, sql)
        for module in ROOM.rglob("*.py")
        for _, sql, fixed in runs_of_sql(module.read_text(encoding="utf-8"))
        if not fixed
    }
    assert made == set(EXCEPTIONS)


@pytest.mark.parametrize(
    "source",
    [
        "c.execute(f'SELECT {x}')",
        "c.execute('SELECT ' + x)",
        "c.execute('SELECT %s' % x)",
        "c.execute('SELECT {}'.format(x))",
        "c.execute(' '.join(parts))",
        "c.execute(x)",
        "c.execute(query=x)",
        "c.execute(statement('read') + x)",
        "c.execute(statement('read').replace('a', x))",
        "self._connection.execute(x, [1])",
        "c.cursor().executemany(x, rows)",
        "duckdb.sql(x).df()",
    ],
)
def test_sql_made_of_text_is_found(source: str) -> None:
    assert [fixed for *_, fixed in runs_of_sql(source)] == [False]


@pytest.mark.parametrize("source", ["c.execute('CHECKPOINT')", "c.execute(statement(name), [1])"])
def test_sql_that_is_fixed_passes(source: str) -> None:
    assert [fixed for *_, fixed in runs_of_sql(source)] == [True]


def test_a_file_of_sql_is_read_as_it_is() -> None:
    tree = ast.parse((ROOM / "engine" / "sql_files.py").read_text(encoding="utf-8"))
    (function,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in FILES]
    assert ast.unparse(function.body[-1]) == (
        "return (_folder('statements') / f'{name}.sql').read_text(encoding='utf-8')"
    )


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.sql")), ids=lambda path: path.name)
def test_a_file_of_sql_makes_none_of_text_either(path: Path) -> None:
    is_found = MADE_IN_SQL.search(path.read_text(encoding="utf-8")) is not None
    assert is_found == (path.name in TABLES_BY_NAME)
