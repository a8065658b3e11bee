"""Which assets a map shows: the largest that pass every gate, with a reason for the rest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from marketmap.days import rows_by_day
from marketmap.errors import DataError, NotEnoughDataError
from marketmap.printing import brief
from marketmap.settings import MapSettings, RankBy
from marketmap.universe.gates import (
    REASONS,
    Verdict,
    Verdicts,
    gate_by_listing,
    gate_foreign,
    gate_jumps,
    gate_presence,
    gate_signs,
    gate_stillness,
    log_prices,
)
from marketmap.universe.repairs import Repair, apply_repairs
from marketmap.universe.twins import TwinFinder
from marketmap.universe.window import Panel, make_panel, window_calendar

__all__ = ["REASONS", "Universe", "rank_candidates", "select_universe"]

ASSET_COLUMNS = ("symbol", "name", "rank", "market_cap", "turnover", "last_close")
LABELS = ("asset_id", "symbol", "name", "rank")


@dataclass(frozen=True, eq=False)
class Universe:
    """The assets of a map and their prices in its window.

    Attributes
    ----------
    assets : DataFrame of shape (n_assets, 6), indexed by asset_id
        ``symbol``, ``name``, ``rank``, ``market_cap``, ``turnover`` and ``last_close``; in rank
        order. In a run also ``price_source``: whose prices they are.
    closes : DataFrame of shape (n_days + 1, n_assets)
        Indexed by date (every day of the map's calendar), columns asset_id; repaired; NaN where a
        day is missing.
    opens : DataFrame of shape (n_days + 1, n_assets)
        The same of opening prices; NaN also where a source had zero or less.
    exclusions : DataFrame
        ``asset_id``, ``symbol``, ``name``, ``rank``, ``reason`` (a word of :data:`REASONS`) and
        ``detail`` (a sentence with figures); in rank order.
    repairs : DataFrame
        ``asset_id``, ``symbol``, ``name``, ``date``, ``factor`` (earlier prices were multiplied by
        it; 1 where only a doubt is told), ``reason`` and ``detail``.
    cut : DataFrame
        ``asset_id``, ``symbol``, ``name`` and ``rank`` of the candidates that come after the last
        one accepted: the map was full.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> marketmap.select_universe(listing, prices, source.end, settings).closes.shape
    (101, 19)
    """

    assets: pd.DataFrame
    closes: pd.DataFrame
    opens: pd.DataFrame
    exclusions: pd.DataFrame
    repairs: pd.DataFrame
    cut: pd.DataFrame

    def __repr__(self) -> str:
        return brief(self)

    @property
    def repaired(self) -> pd.DataFrame:
        """The rows of ``repairs`` by which prices were changed."""
        return self.repairs[self.repairs["reason"] != "possible_split"]

    @property
    def possible_splits(self) -> pd.DataFrame:
        """The rows of ``repairs`` that only tell a doubt: a split, or a true move."""
        return self.repairs[self.repairs["reason"] == "possible_split"]

    def priced_by(self, sources: pd.Series) -> "Universe":
        """Say whose prices each asset's are.

        Parameters
        ----------
        sources : Series of str
            The source's name by asset id.
        """
        named = sources.reindex(self.assets.index).astype("str")
        return replace(self, assets=self.assets.assign(price_source=named))


def select_universe(
    listing: pd.DataFrame,
    prices: pd.DataFrame,
    as_of: date,
    settings: MapSettings,
    refused: Mapping[str, str] | None = None,
) -> Universe:
    """Walk down the listing until ``settings.universe.size`` assets have passed every gate.

    Parameters
    ----------
    listing, prices : DataFrame
        As :mod:`marketmap.frames` describes them. Prices after ``as_of`` or before the window, and
        those of assets that the listing lacks, play no part.
    as_of : date
        The last day of the window.
    settings : MapSettings
    refused : dict of str to str, optional
        Assets about whose prices the source contradicts itself, by id, and how, in a sentence.

    Returns
    -------
    Universe
        Exclusions are of the assets that came before the last one accepted; of all candidates,
        where fewer than ``size`` pass.

    Raises
    ------
    NotEnoughDataError
        Fewer than ``gates.min_assets`` assets pass, or the window is shorter than
        ``gates.min_days`` or than the prices reach back.
    DataError
        The listing is empty or lacks what it shall be ranked by, an asset is listed twice or has
        two prices of one day, or ``as_of`` is no session.

    Examples
    --------
    >>> import marketmap
    >>> from pathlib import Path
    >>> source = marketmap.SimulatedSettings(kind="simulated", n_assets=20, n_days=120)
    >>> settings = marketmap.MapSettings(source=source, window_days=100)
    >>> market = marketmap.open_source(source, marketmap.FetchSettings(), Path())
    >>> listing = market.listing(source.end, settings.universe.n_candidates)
    >>> prices = market.all_prices(source.end)
    >>> universe = marketmap.select_universe(listing, prices, source.end, settings)
    >>> universe.exclusions["reason"].tolist()
    ['holes', 'twin', 'pegged', 'short_history']
    """
    gates = settings.gates
    if settings.window_days < gates.min_days:
        raise NotEnoughDataError(
            f"window_days is {settings.window_days}, but gates.min_days is {gates.min_days}: "
            "a map of fewer days means nothing"
        )
    ranked = rank_candidates(listing, settings.universe.rank_by)
    prices = rows_by_day(prices)
    past = prices[(prices["date"] <= pd.Timestamp(as_of))]
    past = past[past["asset_id"].isin(ranked["asset_id"])]
    panel = make_panel(past, ranked["asset_id"], window_calendar(past, as_of, settings))
    verdicts, repairs = _judge(ranked, past, panel, settings, refused or {})
    repair_rows = _repair_frame(ranked, repairs)
    closes = apply_repairs(panel.close, repair_rows)
    _gate_returns(closes, panel, settings, verdicts)
    accepted = _walk(ranked, closes, settings, verdicts)
    _check_count(accepted, ranked, verdicts, settings, as_of)
    repair_rows = repair_rows[repair_rows["asset_id"].isin(accepted)].reset_index(drop=True)
    considered = _considered(ranked, accepted, settings)
    return Universe(
        assets=_asset_frame(ranked, closes, accepted),
        closes=closes[accepted],
        opens=apply_repairs(panel.open[accepted].where(panel.open > 0), repair_rows),
        exclusions=_exclusion_frame(considered, verdicts),
        repairs=repair_rows,
        cut=ranked[len(considered) :][list(LABELS)].reset_index(drop=True),
    )


def rank_candidates(listing: pd.DataFrame, rank_by: RankBy = "auto") -> pd.DataFrame:
    """Put a listing into the order in which assets are let onto the map, and number it from 1.

    By market cap or turnover, largest first; assets without one come after, in the listing's own
    order. ``auto`` is market cap where any is known, else turnover.

    Raises
    ------
    DataError
        The listing is empty, names an asset twice, or has no value of the wanted kind.
    """
    if listing.empty:
        raise DataError("the listing is empty: expected one row per asset")
    twice = listing["asset_id"].duplicated()
    if twice.any():
        raise DataError(f"the listing names asset {listing['asset_id'][twice].iloc[0]!r} twice")
    if rank_by != "auto" and listing[rank_by].isna().all():
        other = "turnover" if rank_by == "market_cap" else "market_cap"
        raise DataError(
            f"universe.rank_by is {rank_by}, but no asset of the listing has one; "
            f"set it to {other} or auto"
        )
    key = rank_by
    if rank_by == "auto":
        key = "market_cap" if listing["market_cap"].notna().any() else "turnover"
    ranked = listing.sort_values("rank", kind="stable")
    ranked = ranked.sort_values(key, ascending=False, na_position="last", kind="stable")
    return ranked.assign(rank=np.arange(1, len(ranked) + 1)).reset_index(drop=True)


def _judge(
    ranked: pd.DataFrame,
    past: pd.DataFrame,
    panel: Panel,
    settings: MapSettings,
    refused: Mapping[str, str],
) -> tuple[Verdicts, dict[str, tuple[Repair, ...]]]:
    """Pass the candidates through the gates that look at raw prices."""
    verdicts = Verdicts()
    gate_by_listing(ranked, settings.universe, verdicts)
    for asset_id in ranked["asset_id"][ranked["asset_id"].isin(refused)]:
        verdicts.add(asset_id, "contradictory", refused[asset_id])
    last_seen = past.groupby("asset_id")["date"].max()
    gate_presence(panel, last_seen, settings, verdicts)
    gate_signs(panel, settings, verdicts)
    return verdicts, gate_jumps(panel, settings, verdicts)


def _gate_returns(
    closes: pd.DataFrame, panel: Panel, settings: MapSettings, verdicts: Verdicts
) -> None:
    """Pass the rest through the gates that look at returns of repaired closes."""
    left = closes[[asset_id for asset_id in closes if asset_id not in verdicts]]
    returns = log_prices(left).diff().iloc[1:]
    gate_stillness(returns, panel, settings.gates, verdicts)
    gate_foreign(returns, settings.gates, verdicts)


def _walk(
    ranked: pd.DataFrame, closes: pd.DataFrame, settings: MapSettings, verdicts: Verdicts
) -> list[str]:
    """Take assets in rank order until the map is full; twins of accepted ones are ruled out."""
    sound = [asset_id for asset_id in ranked["asset_id"] if asset_id not in verdicts]
    twins = TwinFinder(closes[sound], settings.gates)
    accepted: list[str] = []
    for asset_id in sound:
        twin = twins.twin_of(asset_id, accepted)
        if twin is None:
            accepted.append(asset_id)
        else:
            verdicts[asset_id] = twin
        if len(accepted) == settings.universe.size:
            break
    return accepted


def _check_count(
    accepted: list[str],
    ranked: pd.DataFrame,
    verdicts: dict[str, Verdict],
    settings: MapSettings,
    as_of: date,
) -> None:
    fewest = settings.gates.min_assets
    if len(accepted) >= fewest:
        return
    if settings.universe.size < fewest:
        why = f"universe.size is {settings.universe.size}"
    else:
        counts = Counter(verdict.reason for verdict in verdicts.values()).most_common(3)
        why = ", ".join(f"{reason} {count}" for reason, count in counts) or "none was excluded"
        if "sessions" in dict(counts):
            why += "; for markets that close at weekends set source.calendar: sessions"
    raise NotEnoughDataError(
        f"{len(accepted)} of {len(ranked)} candidates are left on {as_of}, and gates.min_assets "
        f"is {fewest} ({why})"
    )


def _asset_frame(ranked: pd.DataFrame, closes: pd.DataFrame, accepted: list[str]) -> pd.DataFrame:
    assets = ranked.set_index("asset_id").loc[accepted]
    assets["last_close"] = closes[accepted].iloc[-1]
    return assets[list(ASSET_COLUMNS)]


def _considered(ranked: pd.DataFrame, accepted: list[str], settings: MapSettings) -> pd.DataFrame:
    """Return the candidates that were looked at before the map was full."""
    if len(accepted) < settings.universe.size:
        return ranked
    return ranked[: int(ranked.index[ranked["asset_id"] == accepted[-1]][0]) + 1]


def _exclusion_frame(considered: pd.DataFrame, verdicts: Verdicts) -> pd.DataFrame:
    """List the verdicts on all assets that were considered."""
    rows = considered[considered["asset_id"].isin(verdicts)]
    found = [verdicts[asset_id] for asset_id in rows["asset_id"]]
    return (
        rows[list(LABELS)]
        .assign(
            reason=pd.array([verdict.reason for verdict in found], dtype="str"),
            detail=pd.array([verdict.detail for verdict in found], dtype="str"),
        )
        .reset_index(drop=True)
    )


def _repair_frame(ranked: pd.DataFrame, repairs: dict[str, tuple[Repair, ...]]) -> pd.DataFrame:
    """List repairs in rank order, and of one asset in order of time."""
    found = [(asset_id, repair) for asset_id, own in repairs.items() for repair in own]
    labels = ranked.set_index("asset_id").loc[[asset_id for asset_id, _ in found]]
    return (
        labels[["symbol", "name"]]
        .rename_axis("asset_id")
        .reset_index()
        .assign(
            date=pd.DatetimeIndex([repair.day for _, repair in found]).as_unit("us"),
            factor=np.array([repair.factor for _, repair in found], dtype="float64"),
            reason=pd.array([repair.reason for _, repair in found], dtype="str"),
            detail=pd.array([repair.detail for _, repair in found], dtype="str"),
        )
    )
