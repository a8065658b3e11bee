"""A reader who opens the published copy again and again, and trusts nothing."""

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from storage import connect

ONE_STATE = """
SELECT
    publication.n_runs,
    publication.n_runs = (SELECT count(*) FROM runs)
    AND publication.checksum = (
        SELECT sha256(string_agg(run_id || checksum, chr(10) ORDER BY run_id)) FROM runs
    )
    AND newest.checksum = (
        SELECT checksum FROM store.run_checksums
        WHERE run_id = newest.run_id AND as_of = newest.as_of
    )
FROM publication, (FROM runs ORDER BY as_of DESC, run_id LIMIT 1) AS newest
"""
"""How many runs the copy says it holds, and whether it holds exactly that: its runs are those of
the checksum that was published with them, and the newest run's rows those of its own."""


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
                    n_runs, is_whole = connection.execute(ONE_STATE).fetchall()[0]
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
