from typing import Any

import pytest

from marketmap.settings import MapSettings, UniverseSettings


def settings(**changes: Any) -> MapSettings:
    return MapSettings.model_validate({"source": {"kind": "coinmarketcap"}, **changes})


def test_the_same_settings_have_the_same_digest_in_any_order() -> None:
    assert settings(window_days=90, returns="simple").digest == (
        settings(returns="simple", window_days=90).digest
    )


def test_settings_come_back_from_their_json() -> None:
    changed = settings(model={"precision": {"alphas": [0.1, 0.2]}}, universe={"size": 7})
    assert MapSettings.model_validate_json(changed.as_json()) == changed


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
