"""The two tables that travel between the rooms, and the one way to make each.

A **listing** has one row per asset, in rank order (largest first):

========== ======= ==========================================================================
rank       int     1 is the largest
asset_id   str     the source's own id; the only key
symbol     str     a label; two assets may share one
name       str     a label, the symbol where the source knows none
market_cap float   in the quote currency; NaN where unknown (a source's 0 is unknown)
turnover   float   traded value per day in the quote currency; NaN where unknown
tags       list    the source's tags, as text; empty where it has none
========== ======= ==========================================================================

**Prices** have one row per asset and day, ordered by asset and date:

========== =================== ==============================================================
date       datetime64[us]      midnight of the day that a stamp names (days.py), without zone
asset_id   str
open, high, low, close  float  NaN where unknown; `close` is always known
volume     float               in units of the asset
market_cap float               NaN where unknown (a source's 0 is unknown)
turnover   float               in the quote currency; close x volume where a source has none
========== =================== ==============================================================
"""

import pandas as pd

LISTING_COLUMNS = ("rank", "asset_id", "symbol", "name", "market_cap", "turnover", "tags")
PRICE_COLUMNS = (
    "date",
    "asset_id",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "market_cap",
    "turnover",
)
PRICE_VALUES = PRICE_COLUMNS[2:]


def listing_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Give a listing its columns, types and order.

    Parameters
    ----------
    rows : DataFrame
        One row per asset with at least ``asset_id``, already in rank order when ``rank`` is absent.

    Returns
    -------
    DataFrame
        As the module's docstring says, ordered by rank.
    """
    listing = rows.copy()
    if "rank" not in listing:
        listing["rank"] = range(1, len(listing) + 1)
    listing = listing.reindex(columns=listing.columns.union(["symbol", "name"], sort=False))
    listing = listing.astype(dict.fromkeys(("asset_id", "symbol", "name"), "str"))
    listing["symbol"] = listing["symbol"].fillna(listing["asset_id"])
    listing["name"] = listing["name"].fillna(listing["symbol"])
    if "tags" not in listing:
        listing["tags"] = [[] for _ in range(len(listing))]
    listing = listing.reindex(columns=list(LISTING_COLUMNS))
    listing["rank"] = listing["rank"].astype("int64")
    for column in ("market_cap", "turnover"):
        values = listing[column].astype("float64")
        listing[column] = values.where(values > 0)
    return listing.sort_values("rank", kind="stable", ignore_index=True)


def price_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """Give prices their columns, types and order.

    Parameters
    ----------
    rows : DataFrame
        At least ``date``, ``asset_id`` and ``close``; days without a close are left out.

    Returns
    -------
    DataFrame
        As the module's docstring says.
    """
    prices = rows.reindex(columns=list(PRICE_COLUMNS))
    prices["date"] = pd.to_datetime(prices["date"]).astype("datetime64[us]")
    prices["asset_id"] = prices["asset_id"].astype("str")
    prices = prices.astype(dict.fromkeys(PRICE_VALUES, "float64"))
    prices["market_cap"] = prices["market_cap"].where(prices["market_cap"] > 0)
    prices["turnover"] = prices["turnover"].fillna(prices["close"] * prices["volume"])
    prices = prices[prices["close"].notna()]
    return prices.sort_values(["asset_id", "date"], ignore_index=True)


def close_table(prices: pd.DataFrame) -> pd.DataFrame:
    """Lay closes out by day (rows) and asset (columns); NaN where there is none."""
    return prices.pivot(index="date", columns="asset_id", values="close")
