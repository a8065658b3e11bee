from datetime import date

from marketmap.run import run_id
from marketmap.settings import MapSettings

SETTINGS = MapSettings.model_validate({"source": {"kind": "simulated"}})
DAY = date(2024, 1, 2)


def test_a_run_is_known_by_map_day_and_settings_and_by_nothing_else() -> None:
    known = run_id("demo", DAY, SETTINGS)
    assert run_id("demo", DAY, SETTINGS.model_copy()) == known
    assert len(known) == 16
    others = {
        run_id("other", DAY, SETTINGS),
        run_id("demo", date(2024, 1, 3), SETTINGS),
        run_id("demo", DAY, SETTINGS.model_copy(update={"window_days": 90})),
    }
    assert known not in others
    assert len(others) == 3
