"""Takes the README's pictures of the demo's report: ``make pictures``."""

import time
from pathlib import Path

from selenium.webdriver.common.by import By

from marketmap.config import load_config
from storage import load_run
from tests.support.browser import Browser, open_browser

PICTURES = Path(__file__).parent / "pictures"
SECTIONS = {
    "map_2d": "map-2d-section",
    "heatmap": "heatmap-section",
    "clusters": "clusters",
    "left_out": "exclusions",
}


def take(browser: Browser, section: str, picture: Path) -> None:
    """Photograph one section of the page that is open."""
    element = browser.driver.find_element(By.ID, section)
    browser.driver.execute_script("arguments[0].scrollIntoView()", element)
    time.sleep(2.0)  # figures are drawn when they come into view
    picture.write_bytes(element.screenshot_as_png)


def main() -> None:
    """Photograph the newest report of the demo."""
    config = load_config(Path("config.yaml"))
    run = load_run("demo", None, config.published).run
    PICTURES.mkdir(exist_ok=True)
    with open_browser(width=1280, height=2200) as browser:
        browser.open(config.report(run.map, run.as_of.isoformat()))
        # Space is slow to draw without a graphics card, and no picture shows it.
        browser.driver.execute_script("document.getElementById('map-3d').remove()")
        for name, section in SECTIONS.items():
            take(browser, section, PICTURES / f"{name}.png")
            print(PICTURES / f"{name}.png")


if __name__ == "__main__":
    main()
