"""Which map a command means, and other things that commands have in common."""

from datetime import date
from pathlib import Path

import pytest

from flows.cli.common import span, stored_map
from marketmap.config import Config
from marketmap.errors import ConfigError
from marketmap.settings import MapSettings
from storage import Database
from tests.support.runs import make_run, store


def config_with(folder: Path, *stored: str) -> Config:
    """Return a configuration of crypto, stocks and demo, of which some are stored."""
    settings = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    maps = dict.fromkeys(("crypto", "stocks", "demo"), settings)
    config = Config(folder=folder, maps=maps, data_dir=folder / "data")
    if stored:
        with Database.open(config.database) as database:
            store(database, *(make_run(name) for name in stored))
            database.publish(config.published)
    return config


def test_a_map_that_is_named_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stored_map(config_with(tmp_path, "crypto", "demo"), "demo") == "demo"
    assert capsys.readouterr() == ("", "")


def test_the_only_stored_map_is_taken_and_told_where_it_is_not_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stored_map(config_with(tmp_path / "a", "crypto"), None) == "crypto"
    assert capsys.readouterr() == ("", "")
    assert stored_map(config_with(tmp_path / "b", "demo"), None) == "demo"
    assert capsys.readouterr() == ("", "map demo, the only one that is stored\n")


def test_of_several_the_default_is_taken(tmp_path: Path) -> None:
    assert stored_map(config_with(tmp_path, "crypto", "demo"), None) == "crypto"


def test_where_the_default_is_not_among_several_the_first_of_config_yaml_is_taken_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_with(tmp_path, "stocks", "demo")
    first = next(name for name in config.maps if name in ("stocks", "demo"))
    assert stored_map(config, None) == first
    assert capsys.readouterr() == ("", f"map {first}, the first one that is stored\n")


@pytest.mark.parametrize(
    ("name", "advice"), [("stocks", "; to make one: marketmap run --map stocks"), ("gold", "")]
)
def test_a_map_that_is_not_stored_is_answered_with_those_that_are(
    tmp_path: Path, name: str, advice: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        stored_map(config_with(tmp_path, "demo"), name)
    assert str(raised.value) == (
        f"no day of map {name!r} is stored; write --map and one of: demo{advice}"
    )


def test_a_stored_map_that_config_yaml_names_no_more_can_still_be_read(tmp_path: Path) -> None:
    assert stored_map(config_with(tmp_path, "old", "crypto"), "old") == "old"
    assert stored_map(config_with(tmp_path / "alone", "old"), None) == "old"


def test_before_the_first_run_the_default_is_meant(tmp_path: Path) -> None:
    assert stored_map(config_with(tmp_path), None) == "crypto"


def test_one_day_is_no_span() -> None:
    first, last = date(2025, 12, 29), date(2025, 12, 31)
    assert span([first]) == "1 stored day, 2025-12-29"
    assert span([first, last]) == "2 stored days, 2025-12-29 to 2025-12-31"
