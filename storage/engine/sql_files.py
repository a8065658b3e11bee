"""SQL lives in files: migrations, views, the statements that this room runs, and a cookbook."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


@cache
def statement(name: str) -> str:
    """Read ``statements/<name>.sql``."""
    return (_folder("statements") / f"{name}.sql").read_text(encoding="utf-8")


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """List number, name and SQL of every migration, in the order in which they are applied."""
    return tuple(
        (int(name.split("_")[0]), name.removesuffix(".sql"), sql)
        for name, sql in _read_all("migrations")
    )


@cache
def views() -> tuple[str, ...]:
    """List the SQL of all views, those that others build on first."""
    return tuple(sql for _, sql in _read_all("views"))


@cache
def cookbook() -> dict[str, str]:
    """Return the example queries for analysts by name."""
    return {name.removesuffix(".sql"): sql for name, sql in _read_all("queries")}


def _folder(name: str) -> Traversable:
    return files("storage") / name


def _read_all(folder: str) -> list[tuple[str, str]]:
    found = [entry for entry in _folder(folder).iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in found)
