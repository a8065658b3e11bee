"""Findings: what was learned about runs afterwards, each replaceable without touching a run."""

from datetime import UTC, datetime

import duckdb
import pandas as pd
import pyarrow as pa

from marketmap.errors import StorageError
from marketmap.run import Finding
from storage.engine.execute import TIME, run_with
from storage.engine.sql_files import statement

FINDING = pa.schema(
    {
        "run_id": pa.string(),
        "as_of": pa.date32(),
        "kind": pa.string(),
        "settings_digest": pa.string(),
        "basis": pa.list_(pa.string()),
        "made_at": TIME,
    }
)


def save_finding(connection: duckdb.DuckDBPyConnection, finding: Finding) -> None:
    """Replace a finding; see :meth:`storage.Database.save_finding`.

    The rows of each of its tables are written by ``statements/replace_finding_<table>.sql``.
    """
    named = {"basis": [*finding.basis, finding.run_id]}
    missing = connection.execute(statement("missing_basis"), named).fetchall()
    if missing:
        raise StorageError(
            f"finding {finding.kind} of run {finding.run_id}: not stored, it rests on run "
            f"{missing[0][0]}, which is not stored"
        )
    row = {
        "run_id": finding.run_id,
        "as_of": finding.as_of,
        "kind": finding.kind,
        "settings_digest": finding.settings_digest,
        "basis": list(finding.basis),
        "made_at": datetime.now(UTC).replace(tzinfo=None),
    }
    new = {"new_finding": pa.Table.from_pylist([row], FINDING)}
    run_with(connection, "replace_finding", new)
    for name, rows in finding.tables.items():
        table = pa.Table.from_pandas(rows, preserve_index=False)
        run_with(connection, f"replace_finding_{name}", {**new, "new_rows": table})
    run_with(connection, "record_checksum_of_finding", new)


def stale_findings(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """List stale findings; see :meth:`storage.Database.stale_findings`."""
    return connection.execute(statement("stale_findings")).df()
