"""The README's lines of Python run as they stand, after the demo."""

import math
import re
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.support.command import Desk


def test_the_lines_of_python_run_one_after_the_other(
    made: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.folder)
    blocks = re.findall("```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
        names["returns"].iloc[3, 0] = math.nan  # as in the demo
    found, stored = names["model"].structure_, names["stored"]
    assert list(found.precision.index) == list(stored.precision.index)
    assert names["today"].converged_
