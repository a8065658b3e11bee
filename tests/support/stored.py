"""Runs as they come out of the database, for whoever reads them."""

from datetime import UTC, datetime

from marketmap.agreement.base import Recovery
from marketmap.run import MapRun
from storage.runs.base import StoredRun


def keep(run: MapRun) -> StoredRun:
    """Return a run the time and the versions that storing it would add."""
    created_at = datetime(2026, 2, 1, 0, 31, 5, tzinfo=UTC)
    recovery = Recovery(0.95, 0.93, 0.9000000000000001, 10) if run.is_simulated else None
    return StoredRun(run, created_at, {"python": "3.11.9", "duckdb": "2.0.0"}, recovery)
