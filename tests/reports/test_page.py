import json
import re
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from marketmap.graphs.partial_correlation import edge_graph
from marketmap.run import MapRun
from marketmap.universe.select import Universe
from reports import render, write_report
from storage import StoredRun
from tests.support.runs import make_run, make_settings
from tests.support.stored import keep
from tests.support.structures import without_structure

SECTIONS = (
    "map-2d-section",
    "map-3d-section",
    "clusters",
    "prices",
    "histogram-section",
    "heatmap-section",
    "edges",
    "exclusions",
    "made",
)


def without_plotly(page: str) -> str:
    """Cut the scripts out: plotly's own text would drown what the page says."""
    return re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)


def changed(stored: StoredRun, **changes: object) -> StoredRun:
    return replace(stored, run=replace(stored.run, **changes))  # type: ignore[arg-type]


def test_the_same_run_gives_the_same_page(real_looking: StoredRun) -> None:
    assert render(real_looking) == render(real_looking)


def test_every_section_is_there_and_in_the_contents(real_looking: StoredRun) -> None:
    page = without_plotly(render(real_looking))

    assert re.findall(r'<section id="([^"]+)"', page) == list(SECTIONS)
    assert re.findall(r'<li><a href="#([^"]+)"', page) == list(SECTIONS)


def test_the_header_tells_how_many_assets_come_from_where(real_looking: StoredRun) -> None:
    universe = real_looking.run.universe
    sources = universe.assets["symbol"].map(lambda _: "coinmarketcap")
    sources.iloc[:2] = "ccxt:<b>x"
    page = without_plotly(render(changed(real_looking, universe=universe.priced_by(sources))))
    n_others = len(sources) - 2
    assert f"coinmarketcap <small>{n_others} assets</small>" in page
    assert "ccxt:&lt;b&gt;x <small>2 assets</small>" in page


def test_the_header_tells_what_is_mapped(real_looking: StoredRun) -> None:
    page = without_plotly(render(real_looking))

    assert '<time datetime="2026-01-31">2026-01-31</time>' in page
    assert "coinmarketcap" in page
    assert "40 days" in page
    assert "The list of assets is of a later day" in page
    assert "3 assets came too late: A, B, C" in page


def test_only_a_simulated_market_has_the_banner(
    hostile: StoredRun, real_looking: StoredRun
) -> None:
    simulated = re.sub(r"\s+", " ", without_plotly(render(hostile)))

    assert "Simulated market &ndash; not real prices." in simulated
    assert (
        "adjusted Rand index <b>0.95</b> on this map; mean 0.93, worst 0.90 over 10 seeds"
        in simulated
    )
    assert "Simulated market" not in without_plotly(render(real_looking))


def test_a_simulated_market_without_recovery_still_has_the_banner(hostile: StoredRun) -> None:
    page = without_plotly(render(replace(hostile, recovery=None)))

    assert "Simulated market &ndash; not real prices." in page
    assert "adjusted Rand index" not in page


def test_the_page_tells_how_it_was_made(real_looking: StoredRun) -> None:
    page = without_plotly(render(real_looking))

    assert real_looking.run.run_id in page
    assert real_looking.run.settings.digest in page
    assert "2026-02-01 00:31:05 UTC" in page
    assert "model.precision.enet_tol" in page
    assert "<td>2.0.0</td>" in page
    assert "<strong>1 of 3 failed</strong>" in page


def test_every_exclusion_and_repair_is_shown(real_looking: StoredRun) -> None:
    page = without_plotly(render(real_looking))

    for text in ("tagged stablecoin", "daily volatility 0.0004, below 0.003", "price x 8 while"):
        assert text in page


def test_a_universe_without_exclusions_says_so(real_looking: StoredRun) -> None:
    universe: Universe = real_looking.run.universe
    empty = replace(
        universe, exclusions=universe.exclusions.iloc[:0], repairs=universe.repairs.iloc[:0]
    )

    page = without_plotly(render(changed(real_looking, universe=empty)))

    assert "No asset was left out." in page
    assert "No price was changed." in page


def test_names_cannot_leave_their_place(hostile: StoredRun, hostile_names: tuple[str, ...]) -> None:
    page = without_plotly(render(hostile))
    data = re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', page, re.DOTALL)
    text = re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)

    assert len(data) == 6
    for block in data:
        json.loads(block)
        assert "<" not in block
    for name in hostile_names[:5]:
        assert name not in text or escape(name) == name
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "&lt;i&gt;map&lt;/i&gt;" in text


def test_no_tag_of_the_page_asks_for_anything(real_looking: StoredRun) -> None:
    page = without_plotly(render(real_looking))

    assert re.findall(r'(?:src|srcset|action)="[^"]*"', page) == []
    assert {link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith("#")} == {
        "data:,"
    }
    assert "default-src 'none'" in page
    assert "unsafe-eval" not in page


def test_the_page_stays_small_beside_plotly(real_looking: StoredRun) -> None:
    assert len(without_plotly(render(real_looking)).encode()) < 200_000


def test_write_report_makes_the_folder_and_replaces_the_file(
    real_looking: StoredRun, tmp_path: Path
) -> None:
    to = tmp_path / "reports" / "map.html"

    assert write_report(real_looking, to) == to
    to.write_text("old")
    write_report(real_looking, to)

    assert to.read_text(encoding="utf-8") == render(real_looking)
    assert [path.name for path in to.parent.iterdir()] == ["map.html"]


def test_a_report_that_fails_leaves_the_old_one(real_looking: StoredRun, tmp_path: Path) -> None:
    to = tmp_path / "map.html"
    to.write_text("old")
    broken = changed(real_looking, notes=None)

    with pytest.raises(TypeError):
        write_report(broken, to)

    assert to.read_text() == "old"
    assert list(tmp_path.iterdir()) == [to]


def test_importing_reports_does_not_import_prefect() -> None:
    code = "import sys, reports; print('prefect' in sys.modules)"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"


def test_a_run_without_edges_is_drawn(real_looking: StoredRun) -> None:
    run: MapRun = real_looking.run
    graph = edge_graph(run.structure.partial_correlation, 1.0)
    lonely = replace(run.structure, graphs={graph.name: graph})

    page = without_plotly(render(changed(real_looking, structure=lonely)))

    assert "There is no positive edge." in page
    assert "There is no negative edge" in page


def test_a_large_map_with_every_edge_stays_light() -> None:
    large = keep(make_run(n_assets=120, settings=make_settings(window_days=500, threshold=0.0)))

    page = without_plotly(render(large))

    assert len(large.run.structure.edges) == 7140
    assert len(page.encode()) < 1_500_000


def test_a_map_without_any_group_or_edge_is_drawn_and_says_so() -> None:
    run = make_run()
    page = render(keep(replace(run, structure=without_structure(run.structure))))

    assert "There is no structure to show: no partial correlation is above 0.02" in page
