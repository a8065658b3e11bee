"""Reports, drawn where they are kept, each with a line in the manifest that tells its digest."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from marketmap.config import Config
from marketmap.structure import MarketStructure
from storage import DrawnReport, Manifest, StoredRun, load_run
from storage.engine.files import digest_of


def keep_report(config: Config, stored: StoredRun) -> Path:
    """Draw a report where reports lie, and tell the manifest what it is like."""
    from reports import write_report  # plotly takes a second, and a diagnosis seldom draws

    run = stored.run
    path = write_report(stored, config.report(run.map, run.as_of.isoformat()))
    file = path.relative_to(config.data_dir).as_posix()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    Manifest(config.data_dir).add(DrawnReport(file, run.map, run.as_of, digest))
    return path


def draw_report(config: Config, map_name: str, day: date) -> tuple[StoredRun, Path]:
    """Draw a day's report from the published copy; return what was drawn and where it lies."""
    stored = load_run(map_name, day, config.published)
    return stored, keep_report(config, stored)


def cluster_table(structure: MarketStructure) -> list[dict[str, str | int]]:
    """List the clusters, the largest first, with their exemplars and members."""
    return [
        {
            "cluster": str(cluster),
            "exemplar": ", ".join(members.loc[members["is_exemplar"], "symbol"]),
            "assets": len(members),
            "symbols": ", ".join(members["symbol"]),
        }
        for cluster, members in structure.assets.groupby("cluster")
    ]


def changed_reports(config: Config, newest: int | None) -> Iterator[DrawnReport]:
    """Return the reports that are not as they were drawn; one that was deleted is not among them.

    Parameters
    ----------
    config : Config
    newest : int or None
        Look at so many of the newest of each map; None: at all of them.
    """
    drawn = sorted(Manifest(config.data_dir).reports().values(), key=lambda one: one.as_of)
    seen: dict[str, int] = {}
    for report in reversed(drawn):
        seen[report.map] = seen.get(report.map, 0) + 1
        path = config.data_dir / report.file
        is_wanted = (newest is None or seen[report.map] <= newest) and path.exists()
        if is_wanted and digest_of(path) != report.sha256:
            yield report
