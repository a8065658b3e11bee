"""Names that strangers chose with care go through the whole pipeline, and nothing comes of them."""

import csv
import io
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import networkx as nx
import pandas as pd
import pyarrow.parquet as pq
import pytest
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.support.ui import WebDriverWait

import storage
from marketmap.settings import SimulatedSettings
from marketmap.sources.simulated import Simulated
from tests.support.browser import Browser, open_browser
from tests.support.cmc_server import CmcServer
from tests.support.command import Desk, map_config
from tests.support.remote import PATIENCE, YESTERDAY, simulated_prices

pytestmark = pytest.mark.long

LONG = "x" * 10_000
NAMES = (
    "'; DROP TABLE runs; --",
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://x")',
    "+cmd|' /C calc'!A0",
    "../../etc/passwd",
    "{{7*7}}",
    "%{x}<br><a href='http://x'>a</a>",
    "[red]markup[/blue]",
    "$(touch pwned)",
    "\x1b[2J",
    "\\x1b[2J",
    "\u202egnp.exe",
    "\u200b",
    "\u200c",
    "\ufffe",
    "a\x00b",
    "a\x7f\x9b31mb",
    LONG,
    LONG + "y",
    "\N{COIN}",
    "   ",
    "two\nlines\tand a tab",
    "a\r\nb",
    "%s",
    "NULL",
    "NaN",
    "-1",
    '"quoted"',
    "a,b;c",
)
"""Symbols, and as a file's assets are known by their symbols, asset ids."""

NEVER_PRICED = "\x1b[31mno close\n\u202e"  # a note names it

HALF = "\ud800half"  # of a surrogate pair, which JSON can hold
TOLD = {
    "CON1": ("'; DROP TABLE runs; --", "'; DROP TABLE runs; --"),
    "CON2": ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
    "PAY1": (HALF, "?half"),
    "PAY2": ("\x1b[2J", "[2J"),
    "EXC1": ("a\x00b", "ab"),
    "EXC2": ("\u202egnp.exe", "gnp.exe"),
    "LEN1": ("two\nlines\tand a tab", "two lines and a tab"),
    "LEN2": (LONG, "x" * 100),
    "STO1": ('=HYPERLINK("http://x")', '=HYPERLINK("http://x")'),
    "STO2": ("{{7*7}}", "{{7*7}}"),
    "GAM1": ("NULL", "NULL"),
    "GAM2": ("%s", "%s"),
}
"""What CoinMarketCap calls a coin, and what of it is one line that can be shown."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a desk that has made a map of a file and one of a CoinMarketCap, of such names."""
    folder = tmp_path_factory.mktemp("hostile") / "a" / "desk"
    folder.mkdir(parents=True)
    write_prices(folder / "prices.parquet")
    with coinmarketcap() as coins:
        desk = Desk(folder)
        files = map_config({"kind": "files", "path": "prices.parquet"}, universe={"size": 40})
        remote = map_config({"kind": "coinmarketcap", "base_url": coins.base_url})
        maps = {"files": files["maps"]["demo"], "coins": remote["maps"]["demo"]}  # type: ignore[index]
        desk.write({"maps": maps, "fetch": PATIENCE})
        for name in maps:
            run = desk.run("run", "--map", name)
            assert run.returncode == 0, run.stderr
            assert is_harmless(run.stdout + run.stderr)
            if name == "files":
                assert "no day has a close of \\x1b[31mno close\\n\\u202e." in run.stdout
        yield desk


def write_prices(to: Path) -> None:
    """Write a simulated market under other names; the name of an asset is the next one's symbol."""
    last = date(2025, 12, 31)
    n_assets = len(NAMES)
    market = Simulated(SimulatedSettings(kind="simulated", n_assets=n_assets, n_days=130, end=last))
    symbols = {f"sim-{i:03d}": name for i, name in enumerate(NAMES, start=1)}
    prices = market.all_prices(last)
    prices = prices[prices["asset_id"].isin(symbols)]
    prices = prices.assign(symbol=prices["asset_id"].map(symbols))
    prices = prices.assign(name=prices["symbol"].map(names())).drop(columns="asset_id")
    without = prices[prices["symbol"] == LONG].assign(symbol=NEVER_PRICED, close=float("nan"))
    pd.concat([prices, without]).to_parquet(to)


def names() -> dict[str, str]:
    return dict(zip(NAMES, NAMES[1:] + NAMES[:1], strict=True))


def coinmarketcap() -> CmcServer:
    server = CmcServer(simulated_prices(), today=YESTERDAY)
    for known, (told, _) in TOLD.items():
        server.rename(server.asset_id(known), told, f"{told} Coin")
        server.tags[told] = [told, "plain"]
    return server


def is_harmless(text: str) -> bool:
    """Whether a terminal that shows some lines does nothing but show them."""
    return all(line.isprintable() for line in text.split("\n"))


def on_a_terminal(desk: Desk, *arguments: str) -> str:
    """Run a command whose output is a terminal, and tell what came there."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        desk.command(*arguments), cwd=desk.folder, env=desk.variables(), stdout=slave, stderr=slave
    )
    os.close(slave)
    parts = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # the other end is closed
        pass
    os.close(master)
    assert process.wait(60) == 0
    return b"".join(parts).decode().replace("\r\n", "\n")


def exact(desk: Desk, *arguments: str) -> str:
    """Run a command and give its output to the byte: text mode would change line ends."""
    run = subprocess.run(
        desk.command(*arguments), cwd=desk.folder, env=desk.variables(), capture_output=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def mapped(desk: Desk) -> set[str]:
    """Return the assets on the file's map; nearly all, for some have flaws."""
    ids = desk.ask("select asset_id from latest_clusters where map = 'files'")
    assert ids.num_rows > len(NAMES) - 4
    return set(ids["asset_id"].to_pylist())


def test_what_came_from_a_file_is_stored_as_it_came(desk: Desk) -> None:
    listed = desk.ask("select asset_id, symbol, name from listings where map = 'files'").to_pylist()
    assert {row["asset_id"]: (row["symbol"], row["name"]) for row in listed} == {
        symbol: (symbol, name) for symbol, name in names().items()
    }
    priced = desk.ask("select distinct asset_id from daily_prices where map = 'files'")
    assert set(priced["asset_id"].to_pylist()) == set(NAMES)
    kept = "select asset_id from {} where map = 'files'"
    left_out = desk.ask(kept.format("exclusions"))["asset_id"].to_pylist()
    assert mapped(desk) | set(left_out) == set(NAMES)
    assert set(storage.load("files", database=desk.published).assets.index) == mapped(desk)


def test_what_came_as_json_is_one_line_that_can_be_shown(desk: Desk) -> None:
    listed = desk.ask("select symbol, name, tags from listings where map = 'coins'").to_pylist()
    known = {row["symbol"]: row for row in listed}
    for _, shown in TOLD.values():
        assert known[shown]["name"] == f"{shown} Coin"[:100].strip()
        assert known[shown]["tags"] == [shown, "plain"]
    assert known.keys() >= {shown for _, shown in TOLD.values()}


def test_every_table_and_view_is_still_there(desk: Desk) -> None:
    assert len(storage.list_views(desk.published)) > 19
    assert desk.ask("from runs").num_rows == 2
    tables = desk.ask("select table_name from duckdb_tables() where schema_name = 'store'")
    assert {"runs", "prices", "listings", "run_assets"} <= set(tables["table_name"].to_pylist())


QUERY = "select asset_id, symbol, name, cluster from latest_clusters where map = 'files'"


def test_sql_gives_programs_the_values_unchanged(desk: Desk) -> None:
    expected = desk.ask(QUERY).to_pylist()
    found = rows_of(exact(desk, "sql", QUERY, "-f", "csv"))
    assert found == [{key: str(value) for key, value in row.items()} for row in expected]
    assert json.loads(exact(desk, "sql", QUERY, "-f", "json")) == expected
    to = desk.folder / "data" / "answer.parquet"
    exact(desk, "sql", QUERY, "-f", "parquet", "-o", str(to))
    assert pq.read_table(to).to_pylist() == expected


def test_a_terminal_is_never_commanded(desk: Desk) -> None:
    shown = exact(desk, "sql", QUERY)
    assert is_harmless(shown)
    assert len(shown.splitlines()) == 2 + len(mapped(desk))
    short = f"{QUERY} and length(symbol) < 100"
    assert is_harmless(on_a_terminal(desk, "sql", short, "-f", "csv"))
    nodes = on_a_terminal(desk, "export", "--map", "files", "-f", "nodes")
    assert is_harmless(nodes)
    assert "\\x1b[2J" in nodes
    table = on_a_terminal(desk, "sql", f"select symbol from ({short})")
    assert "\x1b[2J" not in table
    assert not set("\x00\x7f\x9b\u202e\u200b") & set(table)


def test_export_gives_the_graph_of_all_assets(desk: Desk) -> None:
    structure = storage.load("files", database=desk.published)
    for style in ("nodes", "edges"):
        rows = rows_of(exact(desk, "export", "--map", "files", "-f", style))
        ends = ("asset_id",) if style == "nodes" else ("asset_id_a", "asset_id_b")
        assert {row[end] for row in rows for end in ends} <= mapped(desk)
        assert len(rows) == len(structure.assets if style == "nodes" else structure.edges)
        assert style == "edges" or {row["symbol"] for row in rows} == mapped(desk)
    graph = nx.read_graphml(io.BytesIO(exact(desk, "export", "--map", "files").encode()))
    assert graph.number_of_nodes() == len(structure.assets)
    assert graph.number_of_edges() == len(structure.edges)
    in_xml = {name for name in mapped(desk) if not set(name) & set("\x00\x1b\r\ufffe")}
    nodes = {data["asset_id"]: data for _, data in graph.nodes(data=True)}
    assert in_xml <= set(nodes)
    assert {nodes[name]["symbol"] for name in in_xml} == in_xml


def test_the_report_shows_names_and_does_nothing_else(desk: Desk) -> None:
    printed = desk.run("report", "--map", "files")
    assert printed.returncode == 0, printed.stderr
    report = desk.folder / printed.stdout.strip()
    with open_browser() as browser:
        look_at(report, browser)


def look_at(report: Path, browser: Browser) -> None:
    browser.open(report)
    driver = browser.driver
    drawn = "return document.documentElement.dataset.drawn === 'true'"
    WebDriverWait(driver, 60).until(lambda driver: driver.execute_script(drawn))
    with pytest.raises(NoAlertPresentException):
        _ = driver.switch_to.alert
    assert browser.console() == []
    asked = [url for url in browser.requests() if not url.startswith("data:")]
    assert asked == [report.as_uri()]
    injected = "img, iframe, object, embed, base, main a, [onerror], [onload], script[src]"
    assert driver.execute_script(f"return document.querySelectorAll('{injected}').length") == 0
    assert driver.execute_script("return document.scripts.length") == 8
    shown = driver.execute_script("return document.body.innerText")
    assert "<img src=x onerror=alert(1)>" in shown
    assert "{{7*7}}" in shown
    assert "\\u202egnp.exe" in shown
    assert not set("\u202e\u200b\x1b") & set(shown)
    assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_doctor_and_rebuild_are_not_put_off(desk: Desk) -> None:
    before = desk.ask("select * exclude (created_at) from runs order by all").to_pylist()
    for arguments in (("doctor",), ("rebuild", "--map", "files"), ("maps",)):
        run = desk.run(*arguments)
        assert run.returncode == 0, run.stdout + run.stderr
        assert is_harmless(run.stdout + run.stderr)
    again = desk.ask("select * exclude (created_at) from runs order by all").to_pylist()
    assert again == before


def test_no_file_is_made_outside_of_the_data_folder(desk: Desk) -> None:
    assert {path.name for path in desk.folder.iterdir()} == {
        "config.yaml",
        "prices.parquet",
        "data",
    }
    assert [path.name for path in desk.folder.parent.iterdir()] == ["desk"]
    assert [path.name for path in desk.folder.parents[1].iterdir()] == ["a"]
