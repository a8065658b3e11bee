import subprocess
import sys

import pytest

import marketmap


def test_every_public_name_is_there() -> None:
    assert sorted(marketmap._HOMES) == marketmap.__all__
    for name in marketmap.__all__:
        assert getattr(marketmap, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fit_structures'"):
        _ = marketmap.fit_structures


def test_importing_the_library_does_not_load_the_model() -> None:
    code = "import sys, marketmap; print('sklearn' in sys.modules, 'prefect' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
