from marketmap.structure import MarketStructure
from reports.sections.edges import edge_rows
from tests.support.structures import make_structure

MINUS = "\N{MINUS SIGN}"


def test_edges_are_listed_by_sign_strongest_first(structure: MarketStructure) -> None:
    positive, negative = (edge_rows(structure, structure.correlation, sign) for sign in (1, -1))

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

    structure = make_structure([1] * 10, pairs)

    assert len(edge_rows(structure, structure.correlation, 1)) == 25


def test_an_edge_between_assets_in_no_cluster_is_inside_of_none() -> None:
    structure = make_structure([1, 0, 0], [(0, 1, 0.3), (1, 2, 0.2)])

    rows = edge_rows(structure, structure.correlation, 1)
    assert [row.where for row in rows] == ["1 ↔ none", "none ↔ none"]
