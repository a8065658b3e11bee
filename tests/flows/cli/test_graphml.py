"""GraphML holds by its schema, and graph tools read labels, weights and positions as such."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from flows.cli.graphml import WIDTH, graphml
from marketmap.structure import MarketStructure
from tests.support.structures import make_structure

NS = "{http://graphml.graphdrawing.org/xmlns}"
NAME_TOKEN = re.compile(r"[-.:\w]+", re.ASCII)

# By Gephi's ImporterGraphML: what it takes for its own, by a key's id or else by its name.
GEPHI = {
    "node": {"LABEL": ["label", "d3"], "X": ["x", "xpos"], "Y": ["y", "ypos"], "Z": ["z"]},
    "edge": {
        "LABEL": ["label", "edgelabel", "d7"],
        "WEIGHT": ["weight", "Edge Weight"],
        "ID": ["id", "edgeid"],
    },
}
GEPHI["node"]["SIZE"] = ["size"]
GEPHI["node"]["COLOR"] = GEPHI["edge"]["COLOR"] = ["r", "g", "b", "color"]


def make(symbols: list[str], **options: bool) -> MarketStructure:
    edges = [(0, 1, 0.4), (1, 2, -0.3), (2, 3, 0.1)]
    return make_structure([1, 1, 2, 2], edges, symbols, **options)


@pytest.fixture
def structure() -> MarketStructure:
    return make(["BTC", "ETH", "A&B <i>", "\x1b[2J\N{COIN}"])


@pytest.fixture
def root(structure: MarketStructure) -> ET.Element:
    return ET.fromstring(graphml(structure))


def as_gephi_reads(root: ET.Element, element: str) -> list[dict[str, str]]:
    rules = {known: own for own, names in GEPHI[element].items() for known in names}
    taken = {}
    for key in root.iter(f"{NS}key"):
        id_, name = key.attrib["id"], key.attrib["attr.name"]
        if key.get("for") == element:
            taken[id_] = rules.get(id_) or rules.get(name)
    return [
        {own: data.text or "" for data in item if (own := taken[data.attrib["key"]])}
        for item in root.iter(NS + element)
    ]


def as_cytoscape_reads(root: ET.Element, element: str) -> list[dict[str, str]]:
    """Give each item's columns; ``name`` is what is written on a node."""
    names = {key.attrib["id"]: key.attrib["attr.name"] for key in root.iter(f"{NS}key")}
    return [
        {names[data.attrib["key"]]: data.text or "" for data in item}
        for item in root.iter(NS + element)
    ]


def test_gephi_takes_symbols_for_labels_and_nothing_else(root: ET.Element) -> None:
    nodes = as_gephi_reads(root, "node")
    assert [node["LABEL"] for node in nodes] == ["BTC", "ETH", "A&B <i>", "\\x1b[2J\N{COIN}"]
    assert all(set(node) == {"LABEL", "X", "Y"} for node in nodes)


def test_gephi_takes_the_size_of_a_partial_correlation_for_the_weight(root: ET.Element) -> None:
    edges = as_gephi_reads(root, "edge")
    assert [set(edge) for edge in edges] == [{"WEIGHT"}] * 3
    assert [float(edge["WEIGHT"]) for edge in edges] == pytest.approx([0.4, 0.3, 0.1])
    signed = [float(edge["partial_correlation"]) for edge in as_cytoscape_reads(root, "edge")]
    assert signed == pytest.approx([0.4, -0.3, 0.1])


def test_cytoscape_writes_symbols_on_nodes(root: ET.Element) -> None:
    nodes = as_cytoscape_reads(root, "node")
    assert [node["name"] for node in nodes][:3] == ["BTC", "ETH", "A&B <i>"]
    assert [node["full_name"] for node in nodes][:2] == ["BTC Inc.", "ETH Inc."]


def test_a_drawing_has_the_proportions_of_the_map_and_room_for_its_nodes(
    structure: MarketStructure, root: ET.Element
) -> None:
    nodes = as_gephi_reads(root, "node")
    places = np.array([[float(node["X"]), float(node["Y"])] for node in nodes])
    assert np.ptp(places, axis=0).max() == pytest.approx(WIDTH)
    expected = structure.positions["lle_2d"].to_numpy()
    expected = expected - expected.mean(axis=0)
    assert places == pytest.approx(expected * places[0, 0] / expected[0, 0])


def of_type(root: ET.Element, kind: str) -> Iterator[str]:
    keys = {key.get("id") for key in root.iter(f"{NS}key") if key.get("attr.type") == kind}
    return (data.text or "" for data in root.iter(f"{NS}data") if data.get("key") in keys)


@pytest.mark.parametrize(
    "ids",
    [["1", "2", "3", "4"], ["BTC/USDT", "BTC USDT", "BTC_USDT", "^GSPC"], ["é", "ü", "_", "a"]],
)
def test_the_schema_holds_whatever_assets_are_called(ids: list[str]) -> None:
    made = make(ids, exemplars=False)
    root = ET.fromstring(graphml(with_ids(made, ids)))
    assert root.tag == f"{NS}graphml"
    assert [child.tag for child in root] == [f"{NS}key"] * (len(root) - 1) + [f"{NS}graph"]
    keys = {key.attrib["id"]: key for key in root.iter(f"{NS}key")}
    assert len(keys) == len(root) - 1
    for id_, key in keys.items():
        assert NAME_TOKEN.fullmatch(id_)
        assert key.attrib["for"] in {"node", "edge"}
        assert key.attrib["attr.type"] in {"boolean", "int", "long", "float", "double", "string"}
    (graph,) = root.iter(f"{NS}graph")
    assert graph.attrib["edgedefault"] == "undirected"
    nodes = [node.attrib["id"] for node in graph.iter(f"{NS}node")]
    assert len(set(nodes)) == len(nodes) == 4
    assert all(NAME_TOKEN.fullmatch(node) for node in nodes)
    for edge in graph.iter(f"{NS}edge"):
        assert {edge.attrib["source"], edge.attrib["target"]} <= set(nodes)
    for item in graph:
        used = [data.attrib["key"] for data in item]
        assert len(set(used)) == len(used)
        assert {keys[id_].get("for") for id_ in used} == {item.tag.removeprefix(NS)}
    assert set(of_type(root, "boolean")) <= {"true", "false"}
    assert all(np.isfinite(float(text)) for text in of_type(root, "double"))
    assert [data["asset_id"] for data in as_cytoscape_reads(root, "node")] == ids


def with_ids(structure: MarketStructure, ids: list[str]) -> MarketStructure:
    graph = nx.relabel_nodes(structure.graph, dict(zip(structure.graph, ids, strict=True)))
    layout = next(iter(structure.layouts.values()))
    layout.positions.index = pd.Index(ids)
    structure.__dict__["graph"] = graph
    return structure


def test_what_is_not_known_or_not_finite_is_left_out(structure: MarketStructure) -> None:
    structure.graph.nodes["id0"]["betweenness"] = float("nan")
    structure.graph.nodes["id1"]["is_exemplar"] = None
    structure.graph.nodes["id2"]["strength"] = np.float64("inf")
    nodes = as_cytoscape_reads(ET.fromstring(graphml(structure)), "node")
    left_out = ["betweenness", "is_exemplar", "strength"]
    assert [name in node for name, node in zip(left_out, nodes, strict=False)] == [False] * 3
    assert all(name in nodes[3] for name in left_out)


def test_networkx_reads_numbers_and_truth_as_such(structure: MarketStructure) -> None:
    graph = nx.read_graphml(io.BytesIO(graphml(structure)))
    assert [graph.nodes[f"id{i}"]["is_exemplar"] for i in range(4)] == [True, False, True, False]
    assert graph.nodes["id2"]["cluster"] == 2
    assert graph.edges["id1", "id2"]["sign"] == -1
