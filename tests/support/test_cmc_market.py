"""The simulated market of the stand-in CoinMarketCap is what its tests take it for."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.support.cmc_market import coins_of, many_coins

FIRST, LAST = date(2013, 11, 25), date(2026, 11, 24)


@pytest.fixture(scope="module")
def market() -> pd.DataFrame:
    return many_coins(100, FIRST, LAST)


def spans(market: pd.DataFrame) -> pd.DataFrame:
    return market.groupby("name")["date"].agg(["min", "max"])


def gaps(market: pd.DataFrame) -> list[int]:
    """Return the lengths of all gaps, in days that are missing."""
    steps = market.groupby("name")["date"].diff().dropna().dt.days
    return sorted(steps[steps > 1] - 1)


def test_is_the_same_for_the_same_seed_and_ends_yesterday_if_nothing_else_is_said() -> None:
    pd.testing.assert_frame_equal(many_coins(5, FIRST, seed=1), many_coins(5, FIRST, seed=1))
    assert not many_coins(5, FIRST, seed=1)["close"].equals(many_coins(5, FIRST)["close"])
    assert many_coins(1)["date"].max().date() == datetime.now(UTC).date() - timedelta(days=1)


def test_holds_old_coins_and_young_ones_dead_ones_and_gaps(market: pd.DataFrame) -> None:
    lives = spans(market)
    assert len(lives) == 100
    assert 30 <= (lives["min"] == pd.Timestamp(FIRST)).sum() <= 60
    assert (lives["min"] > pd.Timestamp(2020, 1, 1)).sum() >= 10
    dead = lives[lives["max"] < pd.Timestamp(LAST)]
    assert len(dead) == 3
    assert (dead["max"] < pd.Timestamp(LAST) - pd.Timedelta(days=365)).all()
    assert gaps(market) == [1, 3, 30, 100, 400]


def test_bars_are_whole_and_no_day_is_a_misprint(market: pd.DataFrame) -> None:
    body = market[["open", "close"]]
    assert (market["low"] <= body.min(axis=1)).all()
    assert (body.max(axis=1) <= market["high"]).all()
    assert (market["low"] > 0).all()
    of_coin = market.groupby("name")
    is_next = of_coin["date"].diff() == pd.Timedelta(days=1)
    factors = (market["close"] / of_coin["close"].shift())[is_next]
    moves = np.log(factors.to_numpy())
    assert factors.between(1 / 3, 3).all()
    assert 0.02 < moves.std() < 0.08
    # Tails as real ones have them: a normal one's third moment is 1.6.
    assert np.mean(np.abs(moves / moves.std()) ** 3) > 2
    openings = (market["open"] / of_coin["close"].shift())[is_next]
    assert openings.between(0.98, 1.02).all()


def test_two_coins_have_days_without_market_cap_or_volume(market: pd.DataFrame) -> None:
    for name, n_days in (("market_cap", 100), ("volume", 30)):
        without = market[market[name] <= 0]
        assert without["name"].nunique() == 1
        assert len(without) == n_days
        assert without["date"].max() == pd.Timestamp(FIRST) + pd.Timedelta(days=n_days - 1)


def test_ranks_are_clear_and_one_symbol_has_two_coins(market: pd.DataFrame) -> None:
    final = market.groupby("name").tail(1)["market_cap"].sort_values()
    assert all(small * 1.1 < large for small, large in pairwise(final))
    labels = market.groupby("name")["symbol"].first().value_counts()
    assert sorted(labels)[-2:] == [1, 2]


def test_a_small_and_short_market_is_one_too() -> None:
    small = many_coins(8, date(2026, 1, 1), date(2026, 2, 28))
    assert small["name"].nunique() == 8
    assert len(many_coins(1, LAST, LAST)) == 1


def test_a_revised_bar_is_whole_and_the_coin_it_was_made_of_as_before() -> None:
    coin = next(coins_of(many_coins(1, date(2026, 1, 1), date(2026, 1, 31))))
    day = date(2026, 1, 10)
    before = dict(coin.prices.loc[day])
    revised = coin.revised(day, before["close"] * 1.7)
    after = dict(revised.prices.loc[day])
    assert after["close"] == before["close"] * 1.7
    assert after["low"] <= min(after["open"], after["close"])
    assert max(after["open"], after["close"]) <= after["high"]
    assert after["open"] / after["close"] == pytest.approx(before["open"] / before["close"])
    changed = [at for at, row in enumerate(revised.candles) if row != coin.candles[at]]
    assert changed == [9]
    assert dict(coin.prices.loc[day]) == before
    with pytest.raises(ValueError, match="no candle of 2027-01-01"):
        coin.revised(date(2027, 1, 1), 1.0)
