"""How much of a simulated market's planted sectors a map finds again."""

import hashlib
import time
from dataclasses import asdict
from functools import lru_cache
from statistics import fmean

import pandas as pd
from joblib import Parallel, delayed
from sklearn.metrics import adjusted_rand_score

from marketmap.agreement.base import Recovery
from marketmap.pipeline import map_prices
from marketmap.run import Finding, MapRun
from marketmap.settings import MapSettings, SimulatedSettings
from marketmap.sources.simulated import Simulated
from marketmap.structure import MarketStructure

KIND = "recovery"
N_SEEDS = 10
"""How many simulated markets stand behind the mean and the worst."""
WORTH_PROCESSES = 8.0
"""Seconds of work from which on other processes pay: each imports all of this first."""
IDLE_SECONDS = 10.0
"""So long they outlive their last task, and a process that was killed."""


def find_recovery(run: MapRun, n_seeds: int = N_SEEDS) -> Finding | None:
    """Return what :func:`measure_recovery` says of a run as a finding; None of a real market."""
    recovery = measure_recovery(run.structure, run.settings, n_seeds)
    if recovery is None:
        return None
    return Finding(
        kind=KIND,
        run_id=run.run_id,
        as_of=run.as_of,
        basis=(run.run_id,),
        settings_digest=hashlib.sha256(f"n_seeds={n_seeds}".encode()).hexdigest(),
        tables={KIND: pd.DataFrame([asdict(recovery)])},
    )


def measure_recovery(
    structure: MarketStructure, settings: MapSettings, n_seeds: int = N_SEEDS
) -> Recovery | None:
    """Compare a map's clusters with the sectors that were planted, and with other seeds' maps.

    Parameters
    ----------
    structure : MarketStructure
        The map of the simulated market that ``settings.source`` names.
    settings : MapSettings
    n_seeds : int
        The mean and the worst are taken over the seeds 0 ... n_seeds - 1.

    Returns
    -------
    Recovery or None
        None where the market is a real one.
    """
    source = settings.source
    if not isinstance(source, SimulatedSettings):
        return None
    this = recovered(structure, Simulated(source).planted_sectors())
    seeds, scores = set(range(n_seeds)), list[float]()
    if source.seed in seeds and structure.diagnostics.window_end == source.end:
        seeds.remove(source.seed)  # this very map
        scores = [this]
    if seeds:
        plan = source.model_copy(update={"seed": 0})
        scores += _scores_of_seeds(plan, settings, tuple(sorted(seeds)))
    return Recovery(this=this, mean=fmean(scores), worst=min(scores), n_seeds=n_seeds)


def recovered(structure: MarketStructure, sectors: pd.Series) -> float:
    """Compute the adjusted Rand index of a map's clusters against known sectors.

    Hubert and Arabie, "Comparing partitions", Journal of Classification 2, 1985, equation 5: 1 when
    both partitions are the same, 0 on average when one is random.

    Parameters
    ----------
    structure : MarketStructure
    sectors : Series
        A sector by asset id; assets that are on the map but in no sector do not count.
    """
    clusters = structure.assets["cluster"]
    shared = clusters.index.intersection(sectors.index)
    return float(adjusted_rand_score(sectors[shared], clusters[shared]))


@lru_cache(maxsize=8)
def _scores_of_seeds(
    plan: SimulatedSettings, settings: MapSettings, seeds: tuple[int, ...]
) -> tuple[float, ...]:
    """Map as many simulated markets; kept, because every day of a backfill asks for the same."""
    plans = [plan.model_copy(update={"seed": seed}) for seed in seeds]
    started = time.monotonic()
    first = _recovered_from(plans[0], settings)
    work = (time.monotonic() - started) * (len(plans) - 1)
    n_jobs = -1 if work > WORTH_PROCESSES else 1
    workers = Parallel(n_jobs=n_jobs, idle_worker_timeout=IDLE_SECONDS)
    return first, *workers(delayed(_recovered_from)(plan, settings) for plan in plans[1:])


def _recovered_from(plan: SimulatedSettings, settings: MapSettings) -> float:
    market = Simulated(plan)
    listing = market.listing(plan.end, settings.universe.n_candidates)
    _, structure = map_prices(listing, market.all_prices(plan.end), plan.end, settings)
    return recovered(structure, market.planted_sectors())
