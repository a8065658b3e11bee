"""Whether what is kept is what was kept: database, published copy, runs and reports."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flows.steps.answers import archive_of
from flows.steps.recover import missing_runs, unlisted_runs
from flows.steps.report import changed_reports, keep_report
from marketmap.config import Config
from marketmap.errors import MarketmapError
from marketmap.printing import plural
from storage import Database, Manifest, load_run, verify, wrong_matrices

Verdict = Literal["ok", "warn", "fail"]

NEWEST = 30
"""So many reports of each map are looked at without ``--thorough``."""
NAMED = 5
"""How many of many are named."""


@dataclass(frozen=True)
class Finding:
    """One line of a diagnosis."""

    verdict: Verdict
    what: str
    said: str


def look_at_data(config: Config, *, thorough: bool) -> Iterator[Finding]:
    """Look at all that is kept; a report that has changed is drawn again.

    ``thorough`` leaves nothing out: every run's rows, every report and every archived answer.
    """
    yield _database(config, thorough=thorough)
    yield from _aside(config)
    yield _runs(config)
    yield _published(config, thorough=thorough)
    yield from _reports(config, thorough=thorough)
    if thorough:
        yield _matrices(config)
        yield _archive(config)


def _database(config: Config, *, thorough: bool) -> Finding:
    if not config.database.exists():
        return _not_there(config, "database", config.database)
    try:
        with Database.open(config.database, wait_seconds=2):
            pass
    except MarketmapError as error:
        return Finding("fail", "database", str(error))
    if damage := _damage(config.database, thorough=thorough):
        return Finding("fail", "database", damage)
    size = config.database.stat().st_size / 1e6
    checked = "every run" if thorough else "every block and the newest runs"
    return Finding("ok", "database", f"{config.database}, {size:.0f} MB, {checked} read and right")


def _aside(config: Config) -> Iterator[Finding]:
    """Yield the damaged files that were put out of the way."""
    found = sorted(
        path
        for kind in ("damaged", "replaced")
        for path in config.data_dir.glob(f"{config.database.name}*.{kind}-*")
    )
    if found:
        said = f"{_named([path.name for path in found])}; delete what is not wanted any more"
        yield Finding("warn", "set aside", said)


def _runs(config: Config) -> Finding:
    """Compare the manifest with the database; what it does not list, nobody would miss."""
    manifest = Manifest(config.database.parent)
    try:
        n_made = len(manifest.runs())
        n_damaged = manifest.n_damaged
        missing, unlisted = missing_runs(config), unlisted_runs(config)
        for run in unlisted:
            manifest.add(run)
    except MarketmapError as error:
        return Finding("fail", "runs", str(error))
    if missing:
        names = _named([f"{run.map} {run.as_of}" for run in missing])
        said = f"{len(missing)} of {n_made} that were made are missing: {names}"
        return Finding("fail", "runs", f"{said}; run: marketmap restore")
    if n_damaged or unlisted:
        parts = [
            f"{plural(n_damaged, 'damaged line')} in {manifest.path}",
            f"{plural(len(unlisted), 'stored run')} that {manifest.path} lacked, and now lists",
        ]
        counts = (n_damaged, len(unlisted))
        said = "; ".join(part for part, count in zip(parts, counts, strict=True) if count)
        return Finding("warn", "runs", said)
    said = "the one that was made is" if n_made == 1 else f"all {n_made} that were made are"
    return Finding("ok", "runs", f"{said} stored")


def _published(config: Config, *, thorough: bool) -> Finding:
    if not config.published.exists():
        return _not_there(config, "published copy", config.published)
    if damage := _damage(config.published, thorough=thorough):
        return Finding("fail", "published copy", damage)
    return Finding("ok", "published copy", f"{config.published} is right")


def _reports(config: Config, *, thorough: bool) -> Iterator[Finding]:
    """Draw the reports again that are not as they were drawn."""
    n_changed = 0
    for report in changed_reports(config, None if thorough else NEWEST):
        n_changed += 1
        path = config.data_dir / report.file
        try:
            keep_report(config, load_run(report.map, report.as_of, config.published))
        except MarketmapError as error:
            yield Finding("fail", "report", f"{path} has been changed; not drawn again: {error}")
        else:
            yield Finding("warn", "report", f"{path} had been changed, and is drawn again")
    if not n_changed:
        looked = "all" if thorough else f"the newest of each map, {NEWEST} at most"
        yield Finding("ok", "reports", f"unchanged since they were drawn: {looked}")


def _matrices(config: Config) -> Finding:
    try:
        wrong = wrong_matrices(config.database) if config.database.exists() else []
    except MarketmapError as error:
        return Finding("fail", "matrices", str(error))
    if wrong:
        said = f"missing or damaged: {_named(wrong)}; fitted again when they are asked for"
        return Finding("warn", "matrices", said)
    return Finding("ok", "matrices", "all that are kept are as they were written")


def _damage(path: Path, *, thorough: bool) -> str | None:
    """Return a sentence that says what is wrong with a database; None where it is whole."""
    try:
        problem = next(verify(path, every_run=thorough), None)
    except MarketmapError as error:
        return str(error)
    return problem and f"{path}: damaged ({problem}); run: marketmap restore"


def _not_there(config: Config, what: str, path: Path) -> Finding:
    """Say of a file that is not there whether it is lost, or not made yet."""
    if Manifest(config.data_dir).runs() or config.published.exists():
        return Finding("fail", what, f"{path} is gone; run: marketmap restore")
    return Finding("warn", what, f"{path} is not there yet; marketmap run makes it")


def _archive(config: Config) -> Finding:
    archive = archive_of(config)
    n_bodies = sum(1 for _ in archive.every_body())
    if archive.damaged:
        said = f"damaged: {_named([str(path) for path in archive.damaged])}"
        return Finding("warn", "archive", f"{said}; the rest of them can be read")
    return Finding("ok", "archive", f"{n_bodies:,} answers, all readable")


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
