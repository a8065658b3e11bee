from marketmap.structure import MarketStructure
from reports.sections.clusters import cluster_rows
from reports.styles import SINGLE
from tests.support.structures import make_structure


def test_a_cluster_tells_its_exemplar_members_and_cohesion(structure: MarketStructure) -> None:
    first, second, _ = cluster_rows(structure, structure.correlation)

    inside = structure.correlation.iloc[:3, :3]
    mean = (inside.iloc[0, 1] + inside.iloc[0, 2] + inside.iloc[1, 2]) / 3
    assert (first.cluster, first.exemplar, first.size) == (1, "S0", 3)
    assert first.members == ["S0", "S1", "S2"]
    assert first.mean_correlation == f"{mean:+.2f}"
    assert first.strongest_edge == "S0 \N{EN DASH} S1: +0.500"
    assert (second.size, second.mean_correlation, second.strongest_edge) == (1, "", "")


def test_assets_in_no_cluster_come_last_and_have_no_exemplar() -> None:
    structure = make_structure([1, 1, 0, 0, 2, 2], [(0, 1, 0.5), (2, 3, 0.4)], exemplars=False)
    rows = cluster_rows(structure, structure.correlation)

    assert [row.cluster for row in rows] == [1, 2, 0]
    assert [row.exemplar for row in rows] == ["", "", ""]
    assert rows[-1].style.colour == SINGLE
