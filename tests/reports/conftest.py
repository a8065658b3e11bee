"""Stored runs for the reports to draw."""

from dataclasses import replace

import pytest

from marketmap.structure import MarketStructure
from storage.runs.base import StoredRun
from tests.support.runs import make_run, make_settings
from tests.support.stored import keep
from tests.support.structures import make_structure

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    '<a href="https://evil.invalid/">click</a>',
    "'; DROP TABLE runs; --",
    "<b>&amp;%{x}{{ 7 * 7 }}",
    "日本円 🪙",
    "plain",
    "plain",
)


@pytest.fixture(scope="session")
def structure() -> MarketStructure:
    """Five assets in clusters of three, one and one; four edges, one of them negative."""
    return make_structure(
        [1, 1, 1, 2, 3], [(0, 1, 0.5), (1, 2, 0.1), (0, 3, -0.3), (2, 4, 0.21), (3, 4, 0.01)]
    )


@pytest.fixture(scope="session")
def real_looking() -> StoredRun:
    """Return a run of a market that is not simulated."""
    return keep(make_run())


@pytest.fixture(scope="session")
def hostile() -> StoredRun:
    """Return a run whose strangers chose their names with care."""
    run = make_run(map_name="<i>map</i>", settings=make_settings("simulated"))
    labels = run.structure.labels.assign(symbol=list(HOSTILE), name=list(HOSTILE))
    exclusions = run.universe.exclusions.assign(symbol=HOSTILE[0], detail=HOSTILE[1])
    repairs = run.universe.repairs.assign(symbol=HOSTILE[0], detail=HOSTILE[1])
    return keep(
        replace(
            run,
            source=HOSTILE[0],
            notes=(HOSTILE[1],),
            structure=replace(run.structure, labels=labels),
            universe=replace(run.universe, exclusions=exclusions, repairs=repairs),
        )
    )


@pytest.fixture(scope="session")
def hostile_names() -> tuple[str, ...]:
    return HOSTILE
