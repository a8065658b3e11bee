"""A real Chromium for the tests that look at pages as a reader's browser does."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--hide-scrollbars",
    # WebGL without a graphics card, for the map in space.
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    # Nothing of its own leaves the browser.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """A Chromium that remembers what a page logged and asked for."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        """Open a file and forget what earlier pages logged."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(page.resolve().as_uri())

    def console(self) -> list[str]:
        """Return the console's errors since the last call, those of a security policy included."""
        entries = self.driver.get_log("browser")
        return [e["message"] for e in entries if e["level"] == "SEVERE"]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for since the last call."""
        messages = (json.loads(e["message"]) for e in self.driver.get_log("performance"))
        return [
            message["message"]["params"]["request"]["url"]
            for message in messages
            if message["message"]["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def open_browser(width: int = 1440, height: int = 1000) -> Iterator[Browser]:
    """Start a Chromium of its own; where there is none, skip the test, but fail it in CI.

    With a map in space on its page it draws for as long as it is open, which takes a processor.
    """
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    if binary is None or chromedriver is None:
        missing = "chromium" if binary is None else "chromedriver"
        if os.environ.get("CI"):
            pytest.fail(f"{missing} is not installed: pages cannot be tested")
        pytest.skip(f"{missing} is not installed")
    options = ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        driver = Chrome(options=options, service=Service(chromedriver))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
