import numpy as np
import pandas as pd

from marketmap.frames import LISTING_COLUMNS, PRICE_COLUMNS, listing_frame, price_frame


def test_a_listing_gets_every_column_and_the_id_stands_in_for_missing_names() -> None:
    listing = listing_frame(
        pd.DataFrame({"asset_id": [1, 2], "symbol": ["A", None], "market_cap": [5.0, 0.0]})
    )
    assert tuple(listing.columns) == LISTING_COLUMNS
    assert listing["asset_id"].tolist() == ["1", "2"]
    assert listing["symbol"].tolist() == ["A", "2"]
    assert listing["name"].tolist() == ["A", "2"]
    assert listing["rank"].tolist() == [1, 2]
    assert listing["tags"].tolist() == [[], []]
    assert np.isnan(listing.loc[1, "market_cap"])  # a market cap of 0 is an unknown one
    assert listing["turnover"].isna().all()


def test_a_listing_is_ordered_by_its_rank() -> None:
    listing = listing_frame(pd.DataFrame({"asset_id": ["b", "a"], "rank": [2, 1]}))
    assert listing["asset_id"].tolist() == ["a", "b"]


def test_prices_get_every_column_and_are_ordered_by_asset_and_day() -> None:
    prices = price_frame(
        pd.DataFrame(
            {
                "date": ["2024-01-02", "2024-01-01", "2024-01-01"],
                "asset_id": ["a", "b", "a"],
                "close": [2.0, 3.0, 1.0],
                "volume": [10.0, 10.0, np.nan],
                "market_cap": [0.0, 7.0, 7.0],
            }
        )
    )
    assert tuple(prices.columns) == PRICE_COLUMNS
    assert prices["close"].tolist() == [1.0, 2.0, 3.0]
    assert prices["date"].dtype == "datetime64[us]"
    assert prices["market_cap"].isna().tolist() == [False, True, False]
    assert prices["turnover"].tolist()[1:] == [20.0, 30.0]
    assert np.isnan(prices.loc[0, "turnover"])


def test_a_day_without_a_close_is_no_price() -> None:
    prices = price_frame(
        pd.DataFrame({"date": ["2024-01-01"], "asset_id": ["a"], "close": [np.nan]})
    )
    assert prices.empty
