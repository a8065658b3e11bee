import pandas as pd
import pytest

from marketmap.agreement.recovery import measure_recovery, recovered
from marketmap.config import load_config
from marketmap.pipeline import map_prices
from marketmap.settings import MapSettings, SimulatedSettings
from marketmap.sources.simulated import Simulated
from marketmap.structure import MarketStructure
from marketmap.universe.select import Universe
from tests.conftest import ROOT

DEMO = load_config(ROOT / "config.yaml").map_settings("demo")


@pytest.fixture(scope="module")
def demo() -> tuple[Universe, MarketStructure]:
    assert isinstance(DEMO.source, SimulatedSettings)
    market = Simulated(DEMO.source)
    end = market.settings.end
    listing = market.listing(end, DEMO.universe.n_candidates)
    return map_prices(listing, market.all_prices(end), end, DEMO)


def test_the_demo_maps_all_planted_assets_and_excludes_or_repairs_the_flawed(
    demo: tuple[Universe, MarketStructure],
) -> None:
    universe, structure = demo
    assert structure.diagnostics.n_assets == 60
    assert structure.diagnostics.n_days == 365
    reasons = universe.exclusions.set_index("asset_id")["reason"].to_dict()
    assert reasons == {"sim-peg": "pegged", "sim-twin": "twin", "sim-late": "short_history"}
    assert universe.repairs["asset_id"].tolist() == ["sim-059"]
    assert universe.repairs["factor"].tolist() == pytest.approx([1 / 1000])
    assert structure.diagnostics.n_filled > 0  # the asset with single days missing stays


def test_the_demo_finds_the_planted_sectors_again_in_ten_seeds(
    demo: tuple[Universe, MarketStructure],
) -> None:
    recovery = measure_recovery(demo[1], DEMO)
    assert recovery is not None
    assert recovery.n_seeds == 10
    assert recovery.mean >= 0.9
    assert recovery.worst <= recovery.mean
    assert recovery.this >= recovery.worst  # the demo's own seed is one of the ten


def test_a_map_of_one_of_the_seeds_stands_for_it_and_changes_no_figure(
    demo: tuple[Universe, MarketStructure],
) -> None:
    alone = measure_recovery(demo[1], DEMO, n_seeds=1)
    assert alone is not None
    assert alone.this == alone.mean == alone.worst
    other = DEMO.model_copy(update={"source": DEMO.source.model_copy(update={"seed": 7})})
    of_two, from_outside = (measure_recovery(demo[1], settings, 2) for settings in (DEMO, other))
    assert of_two is not None
    assert from_outside is not None
    assert (of_two.mean, of_two.worst) == (from_outside.mean, from_outside.worst)


def test_assets_outside_all_sectors_do_not_count(demo: tuple[Universe, MarketStructure]) -> None:
    clusters = demo[1].assets["cluster"]
    assert recovered(demo[1], clusters.iloc[:40].astype("str")) == 1.0
    everything_alike = pd.Series("one", index=clusters.index)
    assert recovered(demo[1], everything_alike) == 0.0


def test_a_real_market_has_no_recovery(demo: tuple[Universe, MarketStructure]) -> None:
    real = MapSettings.model_validate({"source": {"kind": "coinmarketcap"}})
    assert measure_recovery(demo[1], real) is None
