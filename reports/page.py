"""The page: every figure and table put together, in one file that asks for nothing."""

import base64
import hashlib
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

from marketmap.printing import plural
from marketmap.universe.select import REASONS
from reports.figures.cv_curve import cv_curve
from reports.figures.heatmap import heatmap
from reports.figures.histogram import count_pairs, histogram
from reports.figures.map_2d import map_2d
from reports.figures.map_3d import map_3d
from reports.figures.network import Trace, edges_shown_first
from reports.figures.price_charts import price_charts
from reports.matrices import matrices_of
from reports.sections.clusters import cluster_rows
from reports.sections.doubts import doubts, remarks
from reports.sections.edges import edge_rows
from reports.sections.left_out import left_out, records
from reports.sections.made import diagnostic_rows, setting_rows
from reports.styles import ACROSS, INK
from reports.text import number, percent, shown, signed
from storage.engine.files import whole_file
from storage.runs.base import StoredRun

FONT = 'system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif'
COMMON_LAYOUT: Trace = {
    "font": {"family": FONT, "size": 13, "color": INK},
    "paper_bgcolor": "#ffffff",
    "plot_bgcolor": "#ffffff",
    "hoverlabel": {
        "bgcolor": "#ffffff",
        "bordercolor": INK,
        "align": "left",
        "font": {"color": INK},
    },
}


def render(stored: StoredRun) -> str:
    """Draw a stored run as one self-contained HTML page.

    The same stored run gives the same page, byte for byte.

    Parameters
    ----------
    stored : StoredRun

    Returns
    -------
    str
        The page; it opens from a file, offline, and forbids itself any request.
    """
    run = stored.run
    structure, matrices = run.structure, matrices_of(run)
    figures = {
        "map-2d": map_2d(structure),
        "map-3d": map_3d(structure),
        "histogram": histogram(structure, matrices.weak),
        "heatmap": heatmap(structure, matrices.correlation),
        "cv-curve": cv_curve(structure),
    }
    scripts = _scripts()
    return (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            structure=structure,
            diagnostics=structure.diagnostics,
            created_at=stored.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            versions=sorted(stored.versions.items()),
            doubts=doubts(run, prices_changed=matrices.prices_changed),
            remarks=remarks(run),
            figures={name: _as_json(figure) for name, figure in figures.items()},
            heights={name: figure["layout"].get("height") for name, figure in figures.items()},
            edges_shown_first=edges_shown_first(structure),
            edge_strengths=structure.edges["partial_correlation"].abs().round(5).tolist(),
            pairs=count_pairs(structure),
            has_weak=matrices.weak is not None,
            recovery=stored.recovery,
            clusters=cluster_rows(structure, matrices.correlation),
            edges={sign: edge_rows(structure, matrices.correlation, sign) for sign in (1, -1)},
            charts=price_charts(run),
            n_left_out=len(run.universe.exclusions),
            left_out=left_out(run, REASONS),
            repairs=records(run.universe.repaired),
            possible_splits=records(run.universe.possible_splits),
            cut=records(run.universe.cut),
            reasons=REASONS,
            diagnostic_rows=diagnostic_rows(structure),
            settings=setting_rows(run.settings),
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
            script_hashes=[_csp_hash(script) for script in scripts],
            across=ACROSS,
        )
    )


def write_report(stored: StoredRun, to: Path) -> Path:
    """Render a stored run into a file, which appears whole or not at all.

    Parameters
    ----------
    stored : StoredRun
    to : Path
        The HTML file; its folder is made where it is missing, an older report is replaced.

    Returns
    -------
    Path
        ``to``.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    page = render(stored).encode()
    with whole_file(to, len(page)) as file:
        file.write(page)
    return to


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number, percent=percent, plural=plural, shown=shown, signed=signed
    )
    return environment


@cache
def _scripts() -> tuple[str, ...]:
    own = (Path(__file__).parent / "templates" / "report.js").read_text(encoding="utf-8")
    return str(get_plotlyjs()), own


@cache
def _csp_hash(script: str) -> str:
    """Name a script for the page's Content-Security-Policy, which then runs no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _as_json(figure: dict[str, Any]) -> Markup:
    full = {**figure, "layout": {**COMMON_LAYOUT, **figure["layout"]}}
    # plotly's encoder writes <, > and / as escapes, so that no name can end the script element.
    return Markup(to_json_plotly(full, engine="json"))  # noqa: S704
