"""Times the commands that people wait for, as whole processes on the demo: ``make bench``.

Prints the median, the fastest and the slowest of several runs, and the bound that each must keep on
an idle machine.
"""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
SCRIPTS = Path(sys.executable).parent
MARKETMAP = str(SCRIPTS / "marketmap")
COMMANDS = {
    "marketmap report": ([MARKETMAP, "report", "--map", "demo"], 5.0),
    "marketmap sql": ([MARKETMAP, "sql", "from latest_clusters"], 2.0),
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{RUNS} runs after one to warm up; demo map (60 assets, 365 days)"
    )
    print(f"{'command':<20}{'median':>10}{'fastest':>10}{'slowest':>10}{'bound':>10}")
    for name, (command, bound) in COMMANDS.items():
        seconds(command)
        times = [seconds(command) for _ in range(RUNS)]
        figures = (statistics.median(times), min(times), max(times), bound)
        print(f"{name:<20}" + "".join(f"{figure:>8.2f} s" for figure in figures))


if __name__ == "__main__":
    assert shutil.which(MARKETMAP), "make setup first"
    main()
