import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from marketmap.run import MapRun
from reports.figures.price_charts import HEIGHT, WIDTH, price_charts
from tests.support.runs import make_run
from tests.support.structures import make_structure

TIMES = "\N{MULTIPLICATION SIGN}"


def points(path: str) -> list[list[tuple[int, int]]]:
    """Follow an SVG path: the points of each of its unbroken pieces."""
    pieces: list[list[tuple[int, int]]] = []
    for command, first, second in re.findall(r"([Ml])(-?\d+)\s*(-?\d+)", path):
        x, y = int(first), int(second)
        if command == "M":
            pieces.append([(x, y)])
        else:
            last = pieces[-1][-1]
            pieces[-1].append((last[0] + x, last[1] + y))
    return pieces


@pytest.fixture
def run() -> MapRun:
    """Two assets in a cluster and one alone, over five days."""
    structure = make_structure([1, 1, 2], [(0, 1, 0.5)])
    days = pd.date_range("2026-01-01", periods=5)
    closes = pd.DataFrame(
        [[1.0, 8.0, 5.0], [2.0, np.nan, 5.0], [4.0, 8.0, 5.0], [2.0, 4.0, 5.0], [1.0, 2.0, 5.0]],
        index=days,
        columns=structure.assets.index,
    )
    base = make_run()
    return replace(base, structure=structure, universe=replace(base.universe, closes=closes))


def test_charts_are_grouped_by_cluster_and_those_alone_come_last(run: MapRun) -> None:
    groups = price_charts(run)

    assert [group.cluster for group in groups] == [1, None]
    assert [chart.label for chart in groups[0].charts] == ["S0", "S1"]
    assert [chart.is_exemplar for chart in groups[0].charts] == [True, False]


def test_prices_are_rebased_on_a_log_scale_that_the_cluster_shares(run: MapRun) -> None:
    group = price_charts(run)[0]

    # From x 1/4 (S1's end) to x 4 (S0's top); 1 lies in the middle.
    assert (group.low, group.high) == (f"{TIMES}0.25", f"{TIMES}4")
    assert group.start == HEIGHT / 2
    (line,) = points(group.charts[0].path)
    assert line == [(0, 200), (250, 100), (500, 0), (750, 100), (1000, 200)]
    assert line[-1][0] == WIDTH


def test_a_missing_day_breaks_the_line(run: MapRun) -> None:
    broken = points(price_charts(run)[0].charts[1].path)

    assert broken == [[(0, 200)], [(500, 200), (750, 300), (1000, 400)]]


def test_the_average_takes_the_assets_that_have_a_price(run: MapRun) -> None:
    (line,) = points(price_charts(run)[0].average)

    assert line == [(0, 200), (250, 100), (500, 100), (750, 200), (1000, 300)]


def test_each_chart_tells_the_change_and_the_range(run: MapRun) -> None:
    charts = price_charts(run)[0].charts

    assert [chart.change for chart in charts] == ["0 %", "\N{MINUS SIGN}75 %"]
    assert charts[0].title == "from 1 to 1; lowest 1, highest 4"


def test_a_price_that_never_moves_has_a_scale(run: MapRun) -> None:
    alone = price_charts(run)[1]

    assert (alone.low, alone.high) == (f"{TIMES}0.9", f"{TIMES}1.1")
    assert len({y for _, y in points(alone.charts[0].path)[0]}) == 1


def test_an_asset_without_prices_has_an_empty_chart(run: MapRun) -> None:
    closes = run.universe.closes.copy()
    closes.iloc[:, 2] = np.nan
    empty = price_charts(replace(run, universe=replace(run.universe, closes=closes)))[1].charts[0]

    assert (empty.path, empty.change, empty.title) == ("", "0 %", "no prices")
