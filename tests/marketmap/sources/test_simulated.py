from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from marketmap.errors import SourceError
from marketmap.frames import PRICE_COLUMNS
from marketmap.settings import SimulatedSettings
from marketmap.sources.simulated import Simulated


@pytest.fixture(scope="module")
def market() -> Simulated:
    return Simulated(SimulatedSettings(kind="simulated"))


@pytest.fixture(scope="module")
def closes(market: Simulated) -> pd.DataFrame:
    prices = market.all_prices(market.settings.end)
    return prices.pivot(index="date", columns="asset_id", values="close")


def planted_returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Log returns of the assets in sectors that no flaw was written into."""
    planted = [f"sim-{i:03d}" for i in range(1, 58)]
    return np.log(closes[planted]).diff().iloc[1:]


def test_a_seed_gives_one_market_and_another_seed_another(market: Simulated) -> None:
    again = Simulated(market.settings).all_prices(market.settings.end)
    pd.testing.assert_frame_equal(market.all_prices(market.settings.end), again, check_exact=True)
    other = Simulated(SimulatedSettings(kind="simulated", seed=1))
    assert not again["close"].equals(other.all_prices(market.settings.end)["close"])


def test_market_and_sectors_have_their_share_of_variance(closes: pd.DataFrame) -> None:
    correlation = planted_returns(closes).corr().to_numpy()
    sector = np.arange(57) % 8
    same = (sector[:, None] == sector[None, :]) & ~np.eye(57, dtype=bool)
    across = sector[:, None] != sector[None, :]
    assert correlation[across].mean() == pytest.approx(0.40, abs=0.06)
    assert correlation[same].mean() - correlation[across].mean() == pytest.approx(0.15, abs=0.03)


def test_shocks_have_heavier_tails_than_a_normal_distribution(closes: pd.DataFrame) -> None:
    assert planted_returns(closes).kurt().median() > 1.0


def test_every_flaw_is_there(market: Simulated, closes: pd.DataFrame) -> None:
    returns = np.log(closes).diff()
    assert returns["sim-peg"].std() < 0.001
    assert returns["sim-twin"].corr(returns["sim-001"]) > 0.99
    assert closes["sim-late"].notna().sum() < 200
    assert closes["sim-058"].isna().sum() == 4
    assert returns["sim-059"].min() < np.log(1 / 500)
    assert returns["sim-060"].min() == pytest.approx(np.log(0.2))


def test_the_redenomination_moves_the_price_and_not_the_market_cap(market: Simulated) -> None:
    prices = market.prices("sim-059", date(2024, 1, 1), market.settings.end)
    moved = np.log(prices["market_cap"]).diff().abs()
    assert moved.max() < 1.0


def test_bars_are_sane(market: Simulated) -> None:
    prices = market.all_prices(market.settings.end)
    assert tuple(prices.columns) == PRICE_COLUMNS
    assert (prices["low"] <= prices[["open", "close"]].min(axis=1)).all()
    assert (prices["high"] >= prices[["open", "close"]].max(axis=1)).all()
    np.testing.assert_allclose(prices["volume"] * prices["close"], prices["turnover"])


def test_the_listing_is_ranked_by_market_cap_as_of_the_day(market: Simulated) -> None:
    listing = market.listing(date(2025, 12, 1), 10)
    assert len(listing) == 10
    assert listing["market_cap"].is_monotonic_decreasing
    assert listing["rank"].tolist() == list(range(1, 11))
    by_turnover = market.listing(date(2025, 12, 1), 10, "turnover")
    assert by_turnover["turnover"].is_monotonic_decreasing


def test_a_day_outside_the_market_is_refused_with_its_range(market: Simulated) -> None:
    with pytest.raises(SourceError, match="no day 2031-01-01; it runs from 2024-12-01 to 2025-12"):
        market.listing(date(2031, 1, 1), 10)


def test_prices_lie_between_the_days_asked(market: Simulated) -> None:
    prices = market.prices("sim-001", date(2025, 6, 1), date(2025, 6, 3))
    assert prices["date"].dt.day.tolist() == [1, 2, 3]


def test_the_last_day_is_the_markets_end_but_never_today(market: Simulated) -> None:
    assert market.last_day(datetime(2026, 5, 1, tzinfo=UTC)) == date(2025, 12, 31)
    assert market.last_day(datetime(2025, 12, 31, 23, tzinfo=UTC)) == date(2025, 12, 30)


def test_sectors_are_told_of_planted_assets_only(market: Simulated) -> None:
    sectors = market.planted_sectors()
    assert len(sectors) == 60
    assert sectors.nunique() == 8
    assert "sim-peg" not in sectors
