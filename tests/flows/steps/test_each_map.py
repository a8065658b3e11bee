"""A command over all maps works on each alone; which failure makes the exit code."""

from pathlib import Path

import pytest

from flows.steps.each_map import EachMap, was_made
from flows.steps.lock import MapBusyError, map_lock
from marketmap.config import Config
from marketmap.errors import (
    ConfigError,
    DataError,
    FitError,
    MarketmapError,
    SourceDownError,
    StorageError,
)
from marketmap.settings import MapSettings
from storage import Database
from tests.support.runs import make_run, store


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return a configuration of two maps, of which crypto was made once."""
    settings = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    maps = {"crypto": settings, "sample": settings}
    config = Config(folder=tmp_path, maps=maps, data_dir=tmp_path / "data")
    with Database.open(config.database) as database:
        store(database, make_run())
        database.publish(config.published)
    return config


@pytest.mark.parametrize("error", [ConfigError, DataError, SourceDownError, FitError, MapBusyError])
def test_what_one_map_fails_at_is_told_and_stops_no_other(
    config: Config, caplog: pytest.LogCaptureFixture, error: type[MarketmapError]
) -> None:
    each, done = EachMap(config), []
    for name in config.maps:
        with each.alone(name):
            if name == "sample":
                raise error("has no file")
            done.append(name)
    assert done == ["crypto"]
    assert each.failed == ["sample"]
    assert caplog.messages == ["map sample: has no file"]


def test_a_map_that_another_process_makes_stops_no_other(config: Config) -> None:
    each = EachMap(config)
    with map_lock(config, "crypto"):
        for name in config.maps:
            with each.alone(name), map_lock(config, name):
                pass
    assert each.failed == ["crypto"]


def test_what_concerns_all_maps_ends_the_command(config: Config) -> None:
    with pytest.raises(StorageError, match="disk is full"), EachMap(config).alone("crypto"):
        raise StorageError("the disk is full")


def test_only_a_map_that_was_made_before_fails_the_command(config: Config) -> None:
    sample, crypto = EachMap(config), EachMap(config)
    with sample.alone("sample"):
        raise DataError("no such file")
    with crypto.alone("crypto"):
        raise DataError("no such file")
    assert not EachMap(config).is_failure
    assert not sample.is_failure
    assert crypto.is_failure


@pytest.mark.parametrize("lost", ["manifest.jsonl", "published", "nothing"])
def test_a_map_was_made_if_the_manifest_or_the_published_copy_says_so(
    config: Config, lost: str
) -> None:
    if lost == "published":
        config.published.unlink()
    else:
        (config.data_dir / lost).unlink(missing_ok=True)
    assert was_made(config, "crypto")
    assert not was_made(config, "sample")


def test_before_the_first_run_no_map_was_made(tmp_path: Path, config: Config) -> None:
    fresh = config.model_copy(update={"data_dir": tmp_path / "fresh"})
    assert not was_made(fresh, "crypto")
    assert list(tmp_path.glob("fresh")) == []
