"""Which market of another source is the same asset, and which of the two a window comes from.

A symbol is a label that several assets share, so it only tells what to compare. The closes decide:
two series that agree within 2 % on each of thirty days are prices of one thing.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from marketmap.frames import price_frame

N_DAYS = 30
TOLERANCE = 0.02
MIRROR = -0.5
"""Of the daily returns, about zero: below it the other is an inverse product. The noise of two
quotes of one pegged coin does not reach it."""
NEWEST_WITHIN = timedelta(days=90)
"""A market whose last price is older than this, before the asset's last day, is not compared."""
MAX_LACKING = 0.02
"""The part of a window's days that a source may lack before the fallback is looked at."""


def compare(
    closes: pd.DataFrame, others: pd.DataFrame, symbols: pd.Series, other_symbols: pd.Series
) -> pd.DataFrame:
    """Compare each asset's closes with those of every market that goes by its symbol.

    Parameters
    ----------
    closes, others : DataFrame of shape (n_dates, n_assets) and (n_other_dates, n_markets)
        Indexed by day; the columns are ids. What is NaN or not positive counts as no close.
    symbols, other_symbols : Series of str
        By id. Upper and lower case are the same; a multiplier, as in 1000PEPE, makes another
        symbol.

    Returns
    -------
    DataFrame
        One row per couple, ordered by ids: ``asset_id``, ``other_id``; ``n_days``, how many of the
        newest thirty common days there are; ``worst``, the largest ``|a / b - 1|`` among them, NaN
        where there are none; and ``fits``: there are thirty, all agree within 2 %, they do not move
        against each other, and the newest is no more than ninety days older than the asset's own
        newest.
    """
    markets: dict[str, list[str]] = {}
    for other_id in others.columns:
        if other_id in other_symbols.index:
            markets.setdefault(str(other_symbols[other_id]).casefold(), []).append(other_id)
    rows = [
        {
            "asset_id": asset_id,
            "other_id": other_id,
            **_agreement(closes[asset_id], others[other_id]),
        }
        for asset_id in closes.columns
        if asset_id in symbols.index
        for other_id in markets.get(str(symbols[asset_id]).casefold(), [])
    ]
    types = {
        "asset_id": "str",
        "other_id": "str",
        "n_days": "int64",
        "worst": "float64",
        "fits": "bool",
    }
    couples = pd.DataFrame(rows, columns=list(types)).astype(types)
    return couples.sort_values(["asset_id", "other_id"], ignore_index=True)


def pair(
    closes: pd.DataFrame, others: pd.DataFrame, symbols: pd.Series, other_symbols: pd.Series
) -> pd.DataFrame:
    """Pair each asset with the one market that fits it; parameters as for :func:`compare`.

    Returns
    -------
    DataFrame
        ``asset_id``, ``other_id``, ``n_days`` and ``worst``, ordered by asset. An asset that two
        markets fit is paired with neither, and a market that fits two assets with neither of them.
    """
    couples = compare(closes, others, symbols, other_symbols)
    fitting = couples[couples["fits"]]
    shared = fitting["asset_id"].duplicated(keep=False) | fitting["other_id"].duplicated(keep=False)
    return fitting[~shared].drop(columns="fits").reset_index(drop=True)


def refuted(couples: pd.DataFrame) -> pd.DataFrame:
    """Return the couples whose closes show that they are not one thing.

    Parameters
    ----------
    couples : DataFrame
        As :func:`compare` returns them.

    Returns
    -------
    DataFrame
        ``asset_id`` and ``other_id``: thirty common days, one of them more than 2 % apart. Fewer
        days show nothing; a pair that is known stays.
    """
    is_wrong = (couples["n_days"] == N_DAYS) & (couples["worst"] > TOLERANCE)
    return couples.loc[is_wrong, ["asset_id", "other_id"]].reset_index(drop=True)


def lacking(prices: pd.DataFrame, asset_ids: Iterable[str], start: date, as_of: date) -> list[str]:
    """Return the assets that lack the as-of day, or more than 2 % of the days up to it.

    Parameters
    ----------
    prices : DataFrame
        As :mod:`marketmap.frames` describes them.
    asset_ids : iterable of str
    start, as_of : date
        The window's first and last day; an asset's own first day counts where it comes later.
    """
    there = _window(prices, start, as_of).groupby("asset_id")["date"]
    first, last, count = there.min(), there.max(), there.count()
    n_expected = (pd.Timestamp(as_of) - first).dt.days + 1
    is_whole = (last == pd.Timestamp(as_of)) & (count >= (1.0 - MAX_LACKING) * n_expected)
    whole = set(is_whole.index[is_whole])
    return [asset_id for asset_id in asset_ids if asset_id not in whole]


def choose_sources(
    primary: pd.DataFrame,
    fallback: pd.DataFrame,
    pairs: pd.DataFrame,
    as_of: date,
    start: date,
    names: tuple[str, str] = ("primary", "fallback"),
) -> tuple[pd.DataFrame, pd.Series]:
    """Take each asset's window wholly from one source, never a mix.

    The fallback source is taken for an asset only where both hold:

    - the primary lacks the as-of day, or more than 2 % of the days from the first on which the
      fallback has a price within the window up to the as-of day;
    - the fallback has more days of the window, or as many and, unlike the primary, the as-of day.

    Parameters
    ----------
    primary, fallback : DataFrame
        Prices as :mod:`marketmap.frames` describes them, under each source's own ids.
    pairs : DataFrame
        ``asset_id`` and ``other_id``, as :func:`pair` gives them: each id once.
    as_of, start : date
        The window's last and first day.
    names : tuple of str
        What the two sources are called.

    Returns
    -------
    prices : DataFrame
        The window's prices under the primary's ids, in the format of :mod:`marketmap.frames`. What
        the fallback source does not know, such as market caps, is NaN all along an asset's window.
    chosen : Series of str
        Each asset's source by asset id, in order of ids; assets without any row are missing.
    """
    ids = dict(zip(pairs["other_id"], pairs["asset_id"], strict=True))
    primary_rows = _window(primary, start, as_of)
    fallback_rows = _window(fallback, start, as_of)
    fallback_rows = fallback_rows[fallback_rows["asset_id"].isin(ids)]
    fallback_rows = fallback_rows.assign(asset_id=fallback_rows["asset_id"].map(ids))
    days = dict(iter(primary_rows.groupby("asset_id")["date"]))
    other_days = dict(iter(fallback_rows.groupby("asset_id")["date"]))
    none = pd.Series(dtype="datetime64[us]")
    takes_fallback = {
        asset_id
        for asset_id, told in other_days.items()
        if _is_better(told, days.get(asset_id, none), pd.Timestamp(as_of))
    }
    parts = [
        primary_rows[~primary_rows["asset_id"].isin(takes_fallback)],
        fallback_rows[fallback_rows["asset_id"].isin(takes_fallback)],
    ]
    chosen = {
        asset_id: names[asset_id in takes_fallback]
        for asset_id in sorted(days.keys() | takes_fallback)
    }
    index = pd.Index(list(chosen), name="asset_id", dtype="str")
    sources = pd.Series(list(chosen.values()), index=index, name="source", dtype="str")
    return price_frame(pd.concat(parts)), sources


def _agreement(closes: pd.Series, others: pd.Series) -> dict[str, object]:
    own, other = (series[(series > 0) & np.isfinite(series)] for series in (closes, others))
    common = own.index.intersection(other.index).sort_values()[-N_DAYS:]
    if common.empty:
        return {"n_days": 0, "worst": np.nan, "fits": False}
    worst = float((own[common] / other[common] - 1.0).abs().max())
    is_current = common[-1] >= own.index.max() - NEWEST_WITHIN
    fits = len(common) == N_DAYS and worst <= TOLERANCE and is_current
    fits = fits and not _is_mirror(own[common], other[common])
    return {"n_days": len(common), "worst": worst, "fits": bool(fits)}


def _is_mirror(own: pd.Series, other: pd.Series) -> bool:
    """Return whether two series move against each other: calm ones stay near each other so, too."""
    moves, others = (
        np.log(series.to_numpy()[1:] / series.to_numpy()[:-1]) for series in (own, other)
    )
    size = float(np.sqrt((moves @ moves) * (others @ others)))
    return size > 0 and float(moves @ others) / size < MIRROR


def _window(prices: pd.DataFrame, start: date, as_of: date) -> pd.DataFrame:
    return prices[prices["date"].between(pd.Timestamp(start), pd.Timestamp(as_of))]


def _is_better(fallback: pd.Series, primary: pd.Series, as_of: pd.Timestamp) -> bool:
    """Return whether the fallback source's days of a window make up for what the primary lacks."""
    lacks_day = as_of not in set(primary)
    n_expected = (as_of - fallback.min()).days + 1
    n_there = int((primary >= fallback.min()).sum())
    if not lacks_day and n_there >= (1.0 - MAX_LACKING) * n_expected:
        return False
    has_the_day = lacks_day and as_of in set(fallback)
    return (len(fallback), has_the_day) > (len(primary), False)
