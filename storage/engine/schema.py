"""The schema: numbered migrations, each applied once, and the views, made anew on top of them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import duckdb

from marketmap.errors import StorageError
from storage.engine.sql_files import migrations, statement, views
from storage.engine.transaction import transaction

Migration = tuple[int, str, str]


def schema_version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the newest migration of a database: 0 where it is empty, None where it is not ours."""
    n_tables, n_version_tables = _row(connection, "count_tables")
    if not n_version_tables:
        return None if n_tables else 0
    return _row(connection, "newest_migration")[0] or 0


def newest_version() -> int:
    """Return the newest migration that this marketmap knows."""
    return migrations()[-1][0]


def migrate(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    steps: Sequence[Migration] | None = None,
) -> None:
    """Bring a database's schema up to date, each migration in a transaction of its own.

    Parameters
    ----------
    connection : DuckDBPyConnection
    name : str
        What error messages call the database.
    steps : sequence of (number, name, SQL), optional
        By default those of ``storage/migrations``.

    Raises
    ------
    StorageError
        The database is not marketmap's, or of a newer version, or a migration fails; then the
        database is as the last good migration left it.
    """
    steps = migrations() if steps is None else steps
    version = schema_version(connection)
    check_version(version, steps[-1][0], name)
    for number, title, sql in steps:
        if number > (version or 0):
            with transaction(connection, f"{name}: migration {title}"):
                connection.execute(sql)
                applied_at = datetime.now(UTC).replace(tzinfo=None)
                connection.execute(statement("record_migration"), [number, title, applied_at])
    _make_views(connection, name)


def check_version(version: int | None, newest: int, name: str) -> None:
    """Refuse a database that is not marketmap's or was made by a newer one."""
    if version is None:
        raise StorageError(f"{name}: holds other tables; expected a database made by marketmap")
    if version > newest:
        raise StorageError(
            f"{name}: was made by a newer marketmap (schema version {version}, this one knows "
            f"versions up to {newest}): upgrade marketmap"
        )


def _make_views(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make all views anew where their files are not those that made the stored ones."""
    digest = hashlib.sha256("\n".join(views()).encode()).hexdigest()
    if connection.execute(statement("read_views_digest")).fetchone() == (digest,):
        return
    with transaction(connection, f"{name}: views"):
        for sql in views():
            connection.execute(sql)
        connection.execute(statement("replace_views_digest"), [digest])


def _row(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[int, ...]:
    row = connection.execute(statement(name)).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return row
