"""Every example in a docstring runs, and gives what it says."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROOMS = ("marketmap", "storage", "reports", "flows")


def modules_with_examples() -> list[str]:
    """List modules by the text of their files, so that the others need not be imported."""
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples_give_what_they_say(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0
