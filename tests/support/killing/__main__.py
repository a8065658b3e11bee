"""Kill the daily flow again and again, without Prefect, and print what came of it."""

import argparse
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.recording import without_prefect


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--chains", type=int, default=0, help="kill in each stage in turn, so often"
    )
    parser.add_argument("--random", type=int, default=0, help="kills a stage at any time")
    parser.add_argument("--exact", type=int, default=0, help="kills a stage beside steps, at most")
    parser.add_argument("--at-least", type=int, default=0, help="kills a stage in all")
    parser.add_argument("--stage", help="the only one in which to kill a run before a plain one")
    parser.add_argument("--commands", type=int, default=0, help="kills of `marketmap run` itself")
    parser.add_argument("--seed", type=int, help="repeats a sweep's moments")
    parser.add_argument("--json", type=Path, help="write the results here as well")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    without_prefect()
    for family in ("flows", "marketmap"):
        logging.getLogger(family).addHandler(logging.NullHandler())
        logging.getLogger(family).propagate = False
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a fork has none of its parent's threads
    with tempfile.TemporaryDirectory(prefix="marketmap-killed-") as root:
        os.environ["XDG_CACHE_HOME"] = f"{root}/cache"  # whose pace is not this machine's
        told = sweep(Path(root), seed, options)
    print_results(told)
    if options.json:
        options.json.write_text(json.dumps(told))
    sys.stdout.flush()
    os._exit(0 if is_clean(told) else 1)  # DuckDB's binding would complain of what is still there


def sweep(root: Path, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    from marketmap.sources import fetching
    from tests.support.killing import desk, moments
    from tests.support.killing.commands import Commands, kill_commands
    from tests.support.killing.scenes import in_chains, prepare, singly
    from tests.support.killing.sweep import Sweep

    started, draw = time.monotonic(), random.Random(seed)
    fetching.BATCH_ANSWERS = 7  # so that a small market is stored in several transactions, too
    moments.watch_the_product()
    with desk.market() as market:
        scenes = prepare(root, market)
        work = Sweep(root, scenes)
        print(f"seed {seed}; ready after {time.monotonic() - started:.0f} s", flush=True)
        chains = (
            *in_chains(scenes, options.chains, draw),
            *(
                [kill]
                for kill in singly(scenes, options.random, options.exact, options.at_least, draw)
                if options.stage in (None, kill.stage)
            ),
        )
        with work.read() as seen:
            watch(work.go(chains), len(chains), "runs")
        commands = Commands()
        kills = kill_commands(root, scenes[-1], commands, options.commands, draw)
        watch(kills, options.commands, "commands")
    return {
        "seed": seed,
        "stages": {stage: asdict(result) for stage, result in work.results.items()},
        "commands": asdict(commands),
        "reader": vars(seen),
        "seconds": round(time.monotonic() - started),
    }


def watch(steps: Iterable[Any], n_steps: int, what: str) -> None:
    """Take all steps, and say now and then how far they are."""
    for number, _ in enumerate(steps, 1):
        if number % 20 == 0 or number == n_steps:
            print(f"  {number}/{n_steps} {what}", file=sys.stderr, flush=True)


COLUMNS = ("lost", "doubled", "other", "half_runs", "half_reports", "leftovers", "failed")


def print_results(told: dict[str, Any]) -> None:
    names = ("kills", "exact", "missed", *(name.replace("_", " ") for name in COLUMNS))
    print(f"{'stage':9}" + "".join(f"{name:>13}" for name in names))
    commands = told["commands"]
    for stage, result in {**told["stages"], "commands": commands["result"]}.items():
        counts = (result["kills"], result["exact"], result["missed"])
        counts += tuple(result["tally"][name] for name in COLUMNS)
        print(f"{stage:9}" + "".join(f"{number:13}" for number in counts))
    print(f"commands that left a process behind: {commands['orphans']}")
    reader = told["reader"]
    print(
        f"a reader opened the published copy {reader['opens']:,} times and read "
        f"{reader['reports']} new reports: {reader['n_breaches']} breaches; {told['seconds']} s"
    )
    for said in reader["breaches"]:
        print(f"    {said}")


def is_clean(told: dict[str, Any]) -> bool:
    """Whether nothing was found that should not be."""
    commands = told["commands"]
    results = [*told["stages"].values(), commands["result"]]
    counts = [n for result in results for n in result["tally"].values()]
    return not any([*counts, commands["orphans"], told["reader"]["n_breaches"]])


if __name__ == "__main__":
    main()
