"""A reader who opens the published copy again and again, and trusts nothing."""

import json
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb

from storage import connect
from storage.engine.sql_files import statement

ONE_STATE = """
SELECT
    publication.n_runs,
    publication.n_runs = (SELECT count(*) FROM store.runs)
    AND publication.checksum = (
        SELECT sha256(string_agg(run_id || checksum, chr(10) ORDER BY run_id)) FROM store.runs
    ),
    newest.run_id,
    newest.as_of
FROM publication, (FROM store.runs ORDER BY as_of DESC, run_id LIMIT 1) AS newest
"""
"""How many runs the copy says it holds, whether these are the runs of the checksum that was
published with them, and the newest run."""


def look(connection: duckdb.DuckDBPyConnection) -> tuple[int, bool]:
    """Return how many runs there are, and whether runs and the newest run's rows are one state."""
    n_runs, is_whole, run_id, as_of = connection.execute(ONE_STATE).fetchall()[0]
    newest = {"run_id": run_id, "as_of": as_of}
    wrong = connection.execute(statement("wrong_parts"), newest).fetchall()
    return n_runs, bool(is_whole) and not wrong


def read_on_and_on(copy: Path, stop: Path, opened: Path) -> dict[str, object]:
    """Open, ask and close until the file ``stop`` is there; ``opened`` gets a byte for each time.

    Returns
    -------
    dict
        ``opens`` (seconds that each took), ``torn`` (copies that were not one state), ``errors``,
        and ``first`` and ``last``, the numbers of runs that were seen.
    """
    opens, errors, seen, torn = list[float](), list[str](), list[int](), 0
    with opened.open("ab", buffering=0) as tally:
        while not stop.exists():
            tally.write(b".")
            try:
                started = time.perf_counter()
                with closing(connect(copy)) as connection:
                    opens.append(time.perf_counter() - started)
                    n_runs, is_whole = look(connection)
            except Exception as error:
                errors.append(repr(error))
                continue
            torn += not is_whole or (bool(seen) and n_runs < seen[-1])
            seen.append(n_runs)
            if len(seen) == 1:
                print("reading", file=sys.stderr, flush=True)
    return {
        "opens": opens,
        "torn": torn,
        "errors": errors,
        "first": seen[0] if seen else None,
        "last": seen[-1] if seen else None,
    }


if __name__ == "__main__":
    print(json.dumps(read_on_and_on(*map(Path, sys.argv[1:]))))
