"""The published copy: a whole new file each time, put in the old one's place in one step."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import duckdb

from storage.engine.errors import write_error
from storage.engine.files import whole_file
from storage.engine.sql_files import statement
from storage.engine.transaction import room_for_a_run, transaction
from storage.runs import matrices

CHUNK = 8 << 20  # bytes


def publish(
    connection: duckdb.DuckDBPyConnection, database: IO[bytes], to: Path, *, linked: bool = True
) -> None:
    """Copy a database for its readers; see :meth:`storage.Database.publish`.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of the only writer, so that the file rests while it is copied.
    database : file
        The database's file. Closing it gives up DuckDB's lock, as POSIX has it for every file that
        a process closes: keep it open for as long as the connection.
    to : Path
    linked : bool
        Whether the files of matrices may be the same as the database's own.
    """
    file = Path(database.name)
    try:
        with transaction(connection, to, file):
            now = datetime.now(UTC).replace(tzinfo=None)
            connection.execute(statement("replace_publication"), {"published_at": now})
        connection.execute("CHECKPOINT")  # all that is in the log goes into the file itself
        kept = matrices.kept(connection)
    except duckdb.Error as error:
        what, room = f"{to}: not written, what was there is unchanged", room_for_a_run(file)
        raise write_error(what, error, to.parent, room) from None
    size = os.fstat(database.fileno()).st_size
    try:
        folders = (matrices.folder_of(file), matrices.folder_of(to))
        matrices.mirror(*folders, kept, linked=linked)
    except OSError as error:
        raise write_error(f"{to}: not written", error, to.parent, size) from None
    with whole_file(to, size) as copy:
        database.seek(0)
        shutil.copyfileobj(database, copy, CHUNK)
        # A log that a client left beside the old file is not the new file's.
        to.with_name(f"{to.name}.wal").unlink(missing_ok=True)
    matrices.sweep(matrices.folder_of(to), kept)
