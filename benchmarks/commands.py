"""Times the commands that people wait for, as whole processes: ``make bench``.

Prints the median, the fastest and the slowest of several runs, and the bound that each must keep on
an idle machine with two cores.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from marketmap.settings import SimulatedSettings
from marketmap.sources.simulated import Simulated

RUNS = 7
SCRIPTS = Path(sys.executable).parent
MARKETMAP = str(SCRIPTS / "marketmap")
N_ASSETS = 100
HERE = Path.cwd()


def hundred_assets(folder: Path) -> None:
    """Describe a map of a file with the prices of 100 assets, of a simulated market."""
    market = Simulated(SimulatedSettings(kind="simulated", n_assets=N_ASSETS))
    prices = market.all_prices(market.settings.end)
    prices.rename(columns={"asset_id": "symbol"}).to_parquet(folder / "prices.parquet")
    source = {"kind": "files", "path": "prices.parquet"}
    config = {"maps": {"file": {"source": source, "universe": {"size": N_ASSETS}}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def seconds(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        [MARKETMAP, *command],
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> None:
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{RUNS} runs after one to warm up; demo map: 60 assets, 365 days"
    )
    print(f"{'command':<44}{'median':>10}{'fastest':>10}{'slowest':>10}{'bound':>10}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder)
        hundred_assets(file)
        commands = {
            "marketmap report --map demo": (["report", "--map", "demo"], HERE, 5.0),
            "marketmap sql": (["sql", "from latest_clusters"], HERE, 2.0),
            "marketmap run --map demo (make demo)": (["run", "--map", "demo"], HERE, 8.0),
            f"marketmap run, {N_ASSETS} assets that are stored": (["run"], file, 10.0),
        }
        for name, (command, where, bound) in commands.items():
            seconds(command, where)
            times = [seconds(command, where) for _ in range(RUNS)]
            figures = (statistics.median(times), min(times), max(times), bound)
            print(f"{name:<44}" + "".join(f"{figure:>8.2f} s" for figure in figures), flush=True)


if __name__ == "__main__":
    assert shutil.which(MARKETMAP), "make setup first"
    main()
