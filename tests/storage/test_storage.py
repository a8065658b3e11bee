"""The room's public names."""

import subprocess
import sys

import storage


def imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, storage; {code}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_every_public_name_is_there() -> None:
    assert sorted(dir(storage)) == sorted(storage.__all__)
    for name in storage.__all__:
        assert getattr(storage, name).__name__ == name


def test_a_query_waits_for_no_library_that_makes_maps() -> None:
    modules = imported_by("storage.query, storage.connect")
    assert "duckdb" in modules
    assert not modules & {"pandas", "sklearn", "scipy", "networkx", "prefect", "plotly"}


def test_nothing_here_imports_prefect_or_plotly() -> None:
    modules = imported_by("storage.Database, storage.load")
    assert not modules & {"prefect", "plotly"}
