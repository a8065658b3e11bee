import json
from typing import Any

import pytest
from pydantic import ValidationError

from marketmap.settings import (
    GraphSettings,
    MapSettings,
    ModelSettings,
    ScheduleSettings,
    UniverseSettings,
)
from marketmap.settings_base import later


def settings(**changes: Any) -> MapSettings:
    return MapSettings.model_validate({"source": {"kind": "coinmarketcap"}, **changes})


def test_the_same_settings_have_the_same_digest_in_any_order() -> None:
    assert settings(window_days=90, returns="simple").digest == (
        settings(returns="simple", window_days=90).digest
    )


def test_settings_come_back_from_their_json() -> None:
    changed = settings(model={"precision": {"alphas": [0.1, 0.2]}}, universe={"size": 7})
    assert MapSettings.from_json(changed.as_json()) == changed


@pytest.mark.parametrize(
    "changes",
    [
        {"window_days": 90},
        {"returns": "simple"},
        {"gates": {"jump": 5.0}},
        {"model": {"clustering": {"seed": 1}}},
        {"source": {"kind": "simulated"}},
    ],
)
def test_whatever_changes_a_map_changes_the_digest(changes: dict[str, Any]) -> None:
    assert settings(**changes).digest != settings().digest


def test_where_the_same_data_is_fetched_from_does_not_change_the_digest() -> None:
    mirror = {"kind": "coinmarketcap", "base_url": "http://127.0.0.1:1/data-api/v3"}
    assert settings(source=mirror).digest == settings().digest


def test_half_as_many_assets_again_are_asked_for_unless_told() -> None:
    assert UniverseSettings(size=100).n_candidates == 150
    assert UniverseSettings(size=5).n_candidates == 8
    assert UniverseSettings(size=5, candidates=6).n_candidates == 6


def test_the_digest_of_the_default_settings_stays_what_stored_maps_have() -> None:
    assert settings().digest == ("eb2de842d2c1fb0017bef7b19774fb79d6cf6fa0402447a8105fcbbfd36f4e2a")


class LaterGraph(GraphSettings):
    """Of a time in which edges can be pruned, and are unless config.yaml says otherwise."""

    prune: int | None = later(3, neutral=None, ge=1)


class LaterModel(ModelSettings):
    graph: LaterGraph = LaterGraph()


class LaterMap(MapSettings):
    model: LaterModel = LaterModel()


def later_map(**graph: Any) -> LaterMap:
    content = {"source": {"kind": "coinmarketcap"}, "model": {"graph": graph}}
    return LaterMap.model_validate(content)


def test_a_later_setting_at_its_neutral_value_leaves_the_digest_as_it_was() -> None:
    assert later_map(prune=None).digest == settings().digest
    assert later_map(prune=None).as_json() == settings().as_json()


def test_a_later_setting_at_any_other_value_changes_the_digest() -> None:
    digests = {later_map(prune=n).digest for n in (None, 1, 2, 3)}
    assert len(digests) == 4
    assert later_map().digest == later_map(prune=3).digest  # its default is not its neutral value


def test_stored_settings_that_lack_a_later_one_did_what_is_neutral() -> None:
    assert LaterMap.from_json(settings().as_json()) == later_map(prune=None)


@pytest.mark.parametrize("prune", [None, 1, 3])
def test_stored_settings_with_a_later_one_come_back(prune: int | None) -> None:
    stored = later_map(prune=prune)
    assert LaterMap.from_json(stored.as_json()) == stored
    named = "prune" in json.loads(stored.as_json())["model"]["graph"]
    assert named == (prune is not None)


def test_a_later_setting_has_bounds_like_any_other() -> None:
    for wrong in (0, "many"):
        with pytest.raises(ValidationError, match="prune"):
            later_map(prune=wrong)


def test_stored_settings_are_as_strict_about_unknown_keys() -> None:
    wrong = settings().as_json().replace('"edge_threshold"', '"edge_treshold"')
    with pytest.raises(ValidationError, match="edge_treshold"):
        MapSettings.from_json(wrong)


def test_a_fallback_source_is_in_the_digest_where_there_is_one() -> None:
    source = {"kind": "coinmarketcap", "fallback": {"kind": "ccxt", "exchange": "kraken"}}
    with_one = settings(source=source)
    assert with_one.digest != settings().digest
    assert MapSettings.from_json(with_one.as_json()) == with_one
    assert "fallback" not in json.loads(settings().as_json())["source"]


@pytest.mark.parametrize(
    ("cron", "why"),
    [
        ("61 0 * * *", "bad minute"),
        ("30 24 * * *", "bad hour"),
        ("0 0 30 2 *", "bad day-of-month"),  # Prefect takes it, and then it never comes
        ("0 0 * 13 *", "bad month"),
        ("0 0 * * fry", "bad day-of-week"),
        ("30 0 * *", "not a time"),
        ("0 30 0 * * *", "not a time"),
        ("0 0 LW * *", "not a time"),
        ("0 0 * * 5L", "not a time"),
        ("@daily", "not a time"),
        ("", "not a time"),
    ],
)
def test_a_schedule_that_never_comes_or_that_prefect_cannot_read_is_refused(
    cron: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=f"{why}; expected minute, hour, day, month and wee"):
        ScheduleSettings(cron=cron)


@pytest.mark.parametrize("maps", [(), ("a", "b", "a")])
def test_scheduled_maps_are_named_once_each_and_at_least_one(maps: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError, match=r"at least 1 item|names 'a' twice"):
        ScheduleSettings(maps=maps)


def test_settings_of_how_a_file_is_read_are_no_part_of_a_map_that_does_without() -> None:
    source = {"kind": "files", "path": "prices.csv"}
    settings = MapSettings.model_validate({"source": source})
    told = json.loads(settings.as_json())["source"]
    assert told == {**source, "calendar": "daily"}
    german = MapSettings.model_validate({"source": {**source, "decimal": ",", "separator": "tab"}})
    assert german.digest != settings.digest
    assert german.source.separator == "\t"  # type: ignore[union-attr]
    assert MapSettings.from_json(german.as_json()) == german
