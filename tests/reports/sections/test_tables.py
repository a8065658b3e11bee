import pandas as pd
import pytest

from marketmap.structure import MarketStructure
from reports.sections.tables import (
    cluster_rows,
    diagnostic_rows,
    edge_rows,
    exclusion_counts,
    records,
    setting_rows,
)
from tests.support.runs import make_run, make_settings
from tests.support.structures import make_structure

MINUS = "\N{MINUS SIGN}"


def test_a_cluster_tells_its_exemplar_members_and_cohesion(structure: MarketStructure) -> None:
    first, second, _ = cluster_rows(structure)

    inside = structure.correlation.iloc[:3, :3]
    mean = (inside.iloc[0, 1] + inside.iloc[0, 2] + inside.iloc[1, 2]) / 3
    assert (first.cluster, first.exemplar, first.size) == (1, "S0", 3)
    assert first.members == ["S0", "S1", "S2"]
    assert first.mean_correlation == f"{mean:+.2f}"
    assert first.strongest_edge == "S0 \N{EN DASH} S1: +0.500"
    assert (second.size, second.mean_correlation, second.strongest_edge) == (1, "", "")


def test_edges_are_listed_by_sign_strongest_first(structure: MarketStructure) -> None:
    positive, negative = edge_rows(structure, 1), edge_rows(structure, -1)

    assert [(row.a, row.b, row.partial_correlation) for row in positive] == [
        ("S0", "S1", "+0.500"),
        ("S2", "S4", "+0.210"),
        ("S1", "S2", "+0.100"),
    ]
    assert [row.where for row in positive] == ["inside 1", "1 ↔ 3", "inside 1"]
    assert [row.share for row in positive] == [100.0, 42.0, 20.0]
    assert [(row.a, row.b, row.partial_correlation) for row in negative] == [
        ("S0", "S3", f"{MINUS}0.300")
    ]


def test_only_the_strongest_edges_are_listed() -> None:
    pairs = [(a, b, 0.03) for a in range(10) for b in range(a)]

    assert len(edge_rows(make_structure([1] * 10, pairs), 1)) == 25


def test_exclusions_are_counted_by_reason() -> None:
    run = make_run()

    assert exclusion_counts(run, {"pegged": "it hardly moves"}) == [
        ("pegged", "it hardly moves", 1),
        ("tag", "", 1),
    ]


def test_records_tell_dates_as_days() -> None:
    frame = pd.DataFrame({"date": [pd.Timestamp("2026-01-05")], "factor": [0.5]})

    assert records(frame) == [{"date": "2026-01-05", "factor": 0.5}]


def test_every_setting_is_listed_by_its_path() -> None:
    rows = dict(setting_rows(make_settings(threshold=0.03)))

    assert rows["model.graph.edge_threshold"] == "0.03"
    assert rows["source.kind"] == "coinmarketcap"
    assert rows["universe.candidates"] == "not set"
    assert rows["universe.excluded_assets"] == "none"
    assert {"gates.jump", "model.clustering.seed", "window_days", "returns"} <= rows.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Penalty alpha", "0.2"),
        ("Final fit converged", "yes, after 7 iterations"),
        ("Duality gap", "1.000e-05"),
        ("Condition number", "12"),
        ("Clusters settled", "yes, after 80 iterations"),
    ],
)
def test_the_fit_is_told_in_figures(structure: MarketStructure, name: str, value: str) -> None:
    assert {row[0]: row[1] for row in diagnostic_rows(structure)}[name] == value
