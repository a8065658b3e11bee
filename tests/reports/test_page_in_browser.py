"""The page as a reader's browser shows it, opened from a file."""

from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from reports import write_report
from reports.text import shorten
from storage import StoredRun
from tests.support.browser import Browser, open_browser
from tests.support.runs import make_run
from tests.support.stored import keep

pytestmark = pytest.mark.long

FIGURES = ("map-2d", "map-3d", "histogram", "heatmap", "cv-curve")
HOVER = "document.querySelector('#{} .hoverlayer').textContent"
LABEL_BOXES = """
    return [...document.querySelectorAll("#map-2d .textpoint text")]
        .filter((text) => text.textContent).map((text) => text.getBoundingClientRect().toJSON());
"""


class Page:
    """A report that is open and drawn."""

    def __init__(self, browser: Browser, path: Path) -> None:
        self.path = path
        self.driver = browser.driver
        browser.open(path)
        self.settled()
        self.errors = browser.console()
        self.requests = browser.requests()

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def settled(self) -> None:
        drawn = "return document.documentElement.dataset.drawn === 'true'"
        WebDriverWait(self.driver, 60).until(lambda driver: driver.execute_script(drawn))

    def until(self, script: str, *arguments: object) -> None:
        WebDriverWait(self.driver, 20).until(lambda _: self.run(script, *arguments))


@pytest.fixture(scope="module")
def hostile_file(hostile: StoredRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(hostile, tmp_path_factory.mktemp("reports") / "hostile.html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser, hostile_file: Path) -> Page:
    """Return a report that all tests look at and none changes: to draw it takes seconds."""
    return Page(browser, hostile_file)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Browser]:
    """Return the browser with a new tab in front."""
    shared = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    yield browser
    browser.driver.close()
    browser.driver.switch_to.window(shared)


@pytest.fixture
def own_page(tab: Browser, hostile_file: Path) -> Page:
    """Return the report in a tab of its own, to be changed."""
    return Page(tab, hostile_file)


def test_nothing_is_wrong_in_the_console_and_nothing_is_asked_for(page: Page) -> None:
    assert page.errors == []
    foreign = [
        url for url in page.requests if url != page.path.as_uri() and not url.startswith("data:")
    ]
    assert foreign == []
    assert page.run("return performance.getEntriesByType('resource').map((e) => e.name)") == []


def test_every_figure_is_drawn(page: Page) -> None:
    for figure in FIGURES:
        assert page.run(f"return document.querySelectorAll('#{figure} svg.main-svg').length") > 0
    assert page.run("return document.querySelectorAll('#map-3d canvas').length") > 0
    assert page.run("return document.querySelectorAll('#map-2d .point').length") == 8
    assert page.run("return document.querySelectorAll('.chart svg path').length") == 8


def test_names_stay_text(page: Page, hostile_names: tuple[str, ...]) -> None:
    assert page.run("return document.querySelectorAll('img[src=x], main a').length") == 0
    shown = page.run("return [...document.querySelectorAll('.chart b')].map((b) => b.textContent)")
    assert set(hostile_names[:6]) <= set(shown)
    labels = page.run(
        "return [...document.querySelectorAll('#map-2d .textpoint text')].map((t) => t.textContent)"
    )
    assert "<img src=x on\N{HORIZONTAL ELLIPSIS}" in labels


def test_hovering_shows_names_as_text(page: Page, hostile_names: tuple[str, ...]) -> None:
    for place, name in enumerate(hostile_names[:6]):
        page.run(
            "const curve = document.getElementById('map-2d').data.length - 1;"
            "Plotly.Fx.hover('map-2d', [{curveNumber: curve, pointNumber: arguments[0]}])",
            place,
        )
        page.until(f"return {HOVER.format('map-2d')}.startsWith(arguments[0])", shorten(name, 40))
    assert page.run("return document.querySelectorAll('#map-2d .hoverlayer a').length") == 0


def test_hovering_a_cell_of_the_heatmap_names_both_assets(page: Page) -> None:
    names = page.run("return document.getElementById('heatmap').layout.yaxis.ticktext")

    page.run("Plotly.Fx.hover('heatmap', {xval: 0, yval: 1}, 'xy')")

    expected = f"{unescape(names[1])} and {unescape(names[0])}: "
    page.until(f"return {HOVER.format('heatmap')}.startsWith(arguments[0])", expected)


def test_no_button_sends_a_chart_away(page: Page) -> None:
    titles = page.run(
        "return [...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title)"
    )
    assert "Download plot as a PNG" in titles
    words = ("share", "cloud", "send", "edit")
    assert [title for title in titles if any(word in title.lower() for word in words)] == []


@pytest.mark.parametrize("name", ["map-2d", "map-3d"])
def test_a_map_can_be_saved_as_an_image(page: Page, name: str) -> None:
    image = page.driver.execute_async_script(
        "Plotly.toImage(arguments[0]).then(arguments[1], (error) => arguments[1](String(error)))",
        name,
    )

    assert image.startswith("data:image/png;base64,")


def test_the_slider_chooses_how_many_edges_are_drawn(own_page: Page) -> None:
    lines = (
        "return document.getElementById('map-2d').data"
        ".reduce((n, t) => n + (t.mode === 'lines' ? t.x.length / 3 : 0), 0)"
    )
    assert own_page.run(lines) == 12

    own_page.run(
        "const form = document.querySelector('[data-controls=map-2d]');"
        "form.elements.count.value = 3; form.dispatchEvent(new Event('input'))"
    )

    own_page.until(lines + " === 3")
    assert own_page.run(
        "return document.querySelector('[data-controls=map-2d] output').value"
    ).startswith("3 strongest of ")


def test_exact_positions_can_be_chosen(own_page: Page) -> None:
    own_page.run(
        "const form = document.querySelector('[data-controls=map-2d]');"
        "form.elements.view.value = 'exact'; form.dispatchEvent(new Event('input'))"
    )

    own_page.until(
        "const points = document.getElementById('map-2d').data.at(-1);"
        "return points.x === points.meta.views.exact[0]"
    )


def test_a_button_shows_one_cluster_alone(own_page: Page) -> None:
    for name in ("map-2d", "map-3d"):
        button = f"document.querySelector('[data-legend={name}] [data-cluster=\"1\"]')"
        own_page.run(f"{button}.click()")

        assert own_page.run(f"return {button}.getAttribute('aria-pressed')") == "true"
        own_page.until(
            f"const points = document.getElementById('{name}').data.at(-1);"
            "return points.marker.color.every((c, i) =>"
            " (c === '#dfe3e7') === (points.meta.cluster[i] !== 1))"
        )


def test_the_banner_stays_in_sight(page: Page) -> None:
    page.run("window.scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")

    top, text = page.run(
        "const banner = document.querySelector('.simulated');"
        "return [banner.getBoundingClientRect().top, banner.textContent]"
    )
    assert top == 0
    assert "Simulated market" in text


@pytest.mark.parametrize("width", [1440, 800])
def test_the_page_is_never_wider_than_the_window(page: Page, width: int) -> None:
    page.driver.set_window_size(width, 1000)
    try:
        page.until(f"return innerWidth <= {width}")
        page.until("return document.documentElement.scrollWidth <= innerWidth")
    finally:
        page.driver.set_window_size(1440, 1000)


def test_names_on_a_crowded_map_do_not_lie_on_each_other(tab: Browser, tmp_path: Path) -> None:
    run = make_run(n_assets=100)
    long_names = run.structure.labels.assign(symbol=[f"LONGSYMBOL{i}" for i in range(100)])
    crowded = keep(replace(run, structure=replace(run.structure, labels=long_names)))
    page = Page(tab, write_report(crowded, tmp_path / "crowded.html"))

    boxes = page.run(LABEL_BOXES)

    assert len(boxes) > 50
    clashes = [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if a["left"] < b["right"] - 2
        and b["left"] < a["right"] - 2
        and a["top"] < b["bottom"] - 3
        and b["top"] < a["bottom"] - 3
    ]
    assert clashes == []


def test_zooming_shows_a_part_and_the_way_back_the_whole(own_page: Page) -> None:
    span = "const [low, high] = document.getElementById('map-2d').layout.xaxis.range;"
    whole = own_page.run(span + "return high - low")
    button = "document.querySelector('#map-2d [data-val={}]').click()"

    own_page.run(button.format("in"))
    own_page.until(span + "return high - low < 0.6 * arguments[0]", whole)
    own_page.run(button.format("reset"))

    own_page.until(span + "return Math.abs(high - low - arguments[0]) < 1e-6", whole)
