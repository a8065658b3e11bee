"""What a run ends with on the terminal."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from marketmap.agreement.base import Recovery
from marketmap.printing import plural
from reports.sections.doubts import doubts, remarks
from reports.text import told_sources
from storage import StoredRun


def summary(stored: StoredRun, report: Path) -> Iterator[str]:
    """Return the lines on what a map shows, what a reader must know, and where its report is."""
    run, structure = stored.run, stored.run.structure
    diagnostics = structure.diagnostics
    yield (
        f"map {run.map} as of {run.as_of}: {plural(diagnostics.n_assets, 'asset')}, "
        f"{plural(diagnostics.n_days, 'day')}, "
        f"{plural(structure.clusters.n_clusters, 'cluster')}, "
        f"{plural(len(structure.edges), 'edge')}"
    )
    yield f"penalty (alpha), chosen by cross-validation: {diagnostics.alpha:.4g}"
    yield f"prices: {told_sources(run.price_sources)}"
    yield from (f"warning: {doubt}" for doubt in doubts(run))
    yield f"left out: {_counted(run.universe.exclusions)}"
    if len(run.universe.repaired):
        yield f"repaired: {_counted(run.universe.repaired)}"
    if len(run.universe.cut):
        yield f"no place: {len(run.universe.cut)} (the map is full; the report lists them)"
    yield from (f"note: {remark}" for remark in remarks(run))
    if stored.recovery is not None:
        yield recovery_line(stored.recovery)
    yield f"report: {report}"


def recovery_line(recovery: Recovery) -> str:
    """Return how much of a simulated market's planted sectors a map found."""
    return (
        f"agreement with the planted sectors: {recovery.this:.2f} (adjusted Rand index, where 1 is "
        f"the same groups; mean {recovery.mean:.2f}, worst {recovery.worst:.2f} over "
        f"{recovery.n_seeds} simulated markets)"
    )


def _counted(table: pd.DataFrame) -> str:
    if table.empty:
        return "none"
    counts = table["reason"].value_counts()
    reasons = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return f"{len(table)} ({reasons}); the report says why"
