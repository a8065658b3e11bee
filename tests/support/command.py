"""The command line as a person starts it: a process of its own, in a folder of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import yaml

import storage
from tests.support.forked_commands import run_in_fork

QUICK_MODEL = {"precision": {"alphas": [0.05, 0.1], "folds": 3}}
"""Settings that fit in no time."""
TIMEOUT_SECONDS = 300.0
SMALL_MARKET = {"kind": "simulated", "n_assets": 16, "n_days": 130}


@dataclass(frozen=True)
class Desk:
    """A folder with a config.yaml, in which commands are run."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def published(self) -> Path:
        return self.folder / "data" / "published" / "marketmap.duckdb"

    def write(self, config: object) -> None:
        """Write config.yaml: a mapping, or any text."""
        text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)
        (self.folder / "config.yaml").write_text(text)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``marketmap`` with some arguments; its output is text."""
        return run_in_fork(arguments, self.folder, self.variables(), stdin, TIMEOUT_SECONDS)

    def run_anew(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the same in an interpreter of its own, as a person would; it takes longer."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "flows.cli.app", *arguments]

    def variables(self) -> dict[str, str]:
        own = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MARKETMAP"))}
        return {**own, "COLUMNS": "100", **self.environment}

    def processes(self) -> list[int]:
        """Return the processes that work in the folder or below it (Linux)."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").resolve().is_relative_to(self.folder):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def ask(self, sql: str) -> pa.Table:
        return storage.query(sql, self.published)


def heed_ctrl_c() -> None:
    """Have a child process end by Ctrl-C, to be called in it before it becomes another program.

    A shell that starts the tests in the background has them ignore it, children included.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def map_config(source: Mapping[str, object] = SMALL_MARKET, **own: object) -> dict[str, object]:
    """Describe one quick map, named demo."""
    return {
        "maps": {
            "demo": {
                "source": dict(source),
                "window_days": 120,
                "universe": {"size": 16, "candidates": 19},
                "model": QUICK_MODEL,
                **own,
            }
        }
    }
