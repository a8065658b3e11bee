import inspect
import subprocess
import sys

import pytest

import marketmap

NAMES = [
    "AffinityPropagation",
    "Clustering",
    "ClusteringSettings",
    "CoinMarketCapSettings",
    "Config",
    "ConfigError",
    "DataError",
    "Diagnostics",
    "EmbeddingSettings",
    "ExchangeSettings",
    "FetchSettings",
    "FilesSettings",
    "Finding",
    "FitError",
    "GateSettings",
    "Graph",
    "GraphSettings",
    "GraphicalLassoCV",
    "KeepSettings",
    "Layout",
    "LocallyLinear",
    "MapInputs",
    "MapRun",
    "MapSettings",
    "MarketMap",
    "MarketStructure",
    "MarketmapError",
    "Matrices",
    "ModelSettings",
    "NoSessionError",
    "NotEnoughDataError",
    "PrecisionSettings",
    "Recovery",
    "ScheduleSettings",
    "SimulatedSettings",
    "SourceDownError",
    "SourceError",
    "StorageError",
    "Universe",
    "UniverseSettings",
    "compute_returns",
    "compute_run",
    "fit_structure",
    "load_config",
    "map_prices",
    "open_source",
    "partial_correlations",
    "select_universe",
]


def test_every_public_name_is_there_and_no_other() -> None:
    assert sorted(marketmap.__all__) == sorted(NAMES)
    assert sorted(dir(marketmap)) == sorted(NAMES)
    for name in NAMES:
        assert getattr(marketmap, name).__name__ == name


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example(name: str) -> None:
    """That examples run is held by tests/test_doctests.py."""
    assert ">>> " in (inspect.getdoc(getattr(marketmap, name)) or "")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="No marketmap attribute fit_structures"):
        _ = marketmap.fit_structures  # type: ignore[attr-defined]


def loaded_by(statement: str, *modules: str) -> list[bool]:
    code = f"import sys; {statement}; print(*(name in sys.modules for name in {modules}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [word == "True" for word in ran.stdout.split()]


def test_importing_the_library_does_not_load_the_model() -> None:
    assert loaded_by("import marketmap", "marketmap", "sklearn", "numba", "pandas", "prefect") == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_making_a_map_needs_neither_flows_nor_a_database() -> None:
    assert loaded_by("import marketmap.pipeline", "sklearn", "prefect", "duckdb") == [
        True,
        False,
        False,
    ]
