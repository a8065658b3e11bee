"""The quality gates: what rules an asset out, and the sentence that says so with figures.

Every gate looks at all candidates at once; an asset is known by the first gate that stops it.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketmap.settings import GateSettings, MapSettings, UniverseSettings
from marketmap.universe.jumps import Track, comparable
from marketmap.universe.repairs import Repair, inspect
from marketmap.universe.window import PANEL_FIELDS, Panel, trades_every_day

REASONS: dict[str, str] = {
    "excluded_by_config": "named in universe.excluded_assets",
    "excluded_by_tag": "a tag of the listing rules it out, such as stablecoin or wrapped",
    "contradictory": "its source contradicts itself, and which of its prices are right is unknown",
    "sessions": "its market is closed on some weekdays, but the map's calendar is every day",
    "no_prices": "no price in the window",
    "late": "the as-of day's price has not come yet",
    "short_history": "its prices start after the window does",
    "holes": "too many days of the window have no price",
    "non_positive_price": "a price of zero or less",
    "impossible_jump": "a move that no market makes: a misprint, or two assets under one name",
    "pegged": "its price hardly moves: pegged to the quote currency",
    "frozen": "its price stands still, or nobody trades at it, too often or too long",
    "calm_and_apart": "far calmer than this market and apart from it, such as gold",
    "twin": "a near-copy of a larger asset on the map, or its mirror",
    "new_unit": "repaired, not excluded: a split or redenomination, which value did not follow",
    "split_by_form": "repaired, not excluded: a move to a clean ratio, as calm after it as before",
    "possible_split": "left as it is: a move next to a clean ratio, a split or a true one",
}
"""Every reason for an exclusion or a repair, with one line for readers."""

WEEK = 7
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MANY_DAYS = 20
"""With fewer prices an asset may lack a weekday by chance."""
FEWEST_IN_MARKET = 5
MARKET_DAYS = 90
"""A correlation with the market over fewer days says too little to rule an asset out."""

_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """Why an asset is ruled out: a word of :data:`REASONS` and a sentence with figures."""

    reason: str
    detail: str


class Verdicts(dict[str, Verdict]):
    """The first verdict on each asset id; later ones do not replace it."""

    def add(self, asset_id: str, reason: str, detail: str) -> None:
        """Rule an asset out, unless it is already."""
        self.setdefault(asset_id, Verdict(reason, detail))


def gate_by_listing(listing: pd.DataFrame, settings: UniverseSettings, verdicts: Verdicts) -> None:
    """Rule out what the configuration names, by asset id or by tag."""
    banned_ids, banned_tags = set(settings.excluded_assets), set(settings.excluded_tags)
    for asset_id, tags in zip(listing["asset_id"], listing["tags"], strict=True):
        if asset_id in banned_ids:
            verdicts.add(asset_id, "excluded_by_config", "named in universe.excluded_assets")
        hits = sorted(banned_tags.intersection(tags))
        if hits:
            verdicts.add(asset_id, "excluded_by_tag", f"tagged {', '.join(hits)}")


def gate_presence(
    panel: Panel, last_seen: pd.Series, settings: MapSettings, verdicts: Verdicts
) -> None:
    """Rule out assets without prices, without the as-of day, too young, or with holes.

    Parameters
    ----------
    panel : Panel
    last_seen : Series
        The last day that has a price, by asset id; before the window for those that are gone.
    settings : MapSettings
    verdicts : Verdicts
    """
    known = panel.close.notna()
    if settings.returns == "intraday":
        known &= panel.open.notna()
    days, n_days = known.index, len(known)
    allowed = math.floor(settings.gates.max_missing * n_days)
    flags = known.to_numpy()
    missing = n_days - flags.sum(axis=0)
    first = flags.argmax(axis=0)
    behind = flags[::-1].argmax(axis=0)
    limit = f"gates.max_missing allows {allowed}"
    closed = _closed_weekdays(known) if trades_every_day(settings) else {}
    for asset_id, weekdays in closed.items():
        detail = f"no price on any {weekdays}; source.calendar: sessions is for such markets"
        verdicts.add(asset_id, "sessions", detail)
    for at, asset_id in enumerate(known.columns):
        if missing[at] == n_days:
            seen = last_seen.get(asset_id)
            what = "open and close" if settings.returns == "intraday" else "price"
            tail = f"; its last is of {pd.Timestamp(seen):%Y-%m-%d}" if seen is not None else ""
            verdicts.add(asset_id, "no_prices", f"no {what} in the window{tail}")
        elif behind[at] > max(allowed, 1):
            end = days[n_days - 1 - behind[at]]
            verdicts.add(
                asset_id,
                "holes",
                f"prices end on {end:%Y-%m-%d}, {behind[at]} days before the as-of day; {limit}",
            )
        elif behind[at]:
            end = days[n_days - 1 - behind[at]]
            verdicts.add(asset_id, "late", f"its last price is of {end:%Y-%m-%d}")
        elif first[at] > allowed:
            verdicts.add(
                asset_id,
                "short_history",
                f"prices start on {days[first[at]]:%Y-%m-%d}, {first[at]} days after the window; "
                f"{limit}",
            )
        elif missing[at] > allowed:
            verdicts.add(
                asset_id, "holes", f"{missing[at]} of {n_days} days have no price; {limit}"
            )


def _closed_weekdays(known: pd.DataFrame) -> dict[str, str]:
    """Return the weekdays on which assets never have a price, by asset id, where they have many."""
    weekdays = pd.DatetimeIndex(known.index).day_of_week
    traded = known.groupby(weekdays).any().reindex(range(WEEK), fill_value=True)
    often = known.columns[(known.sum() >= MANY_DAYS) & (~traded).any()]
    return {
        asset_id: " and ".join(WEEKDAYS[day] for day in np.flatnonzero(~traded[asset_id]))
        for asset_id in often
    }


def gate_signs(panel: Panel, settings: MapSettings, verdicts: Verdicts) -> None:
    """Rule out prices of zero or less; opening ones only where returns are made from them."""
    kinds = {"closing": panel.close}
    if settings.returns == "intraday":
        kinds["opening"] = panel.open
    for kind, prices in kinds.items():
        wrong = prices <= 0
        for asset_id in wrong.columns[wrong.any()]:
            day = wrong.index[wrong[asset_id]][0]
            verdicts.add(
                asset_id,
                "non_positive_price",
                f"{kind} price of {float(prices[asset_id][day]):g} on {day:%Y-%m-%d}",
            )


def gate_jumps(
    panel: Panel, settings: MapSettings, verdicts: Verdicts
) -> dict[str, tuple[Repair, ...]]:
    """Rule out jumps that no market makes; tell the repairs of the assets that pass."""
    fields = {name: log_prices(getattr(panel, name)).to_numpy() for name in PANEL_FIELDS}
    days = pd.DatetimeIndex(panel.close.index)
    market = log_prices(panel.close).diff().median(axis=1).fillna(0.0).to_numpy()
    repairs: dict[str, tuple[Repair, ...]] = {}
    for at, asset_id in enumerate(panel.close.columns):
        if asset_id in verdicts:
            continue
        known = ~np.isnan(fields["close"][:, at])
        told = {name: values[known, at] for name, values in fields.items()}
        own = comparable(told)
        n_apart = int((~np.isnan(told["open"]) & np.isnan(own["open"])).sum())
        if n_apart and settings.returns == "intraday":
            verdicts.add(
                asset_id,
                "impossible_jump",
                f"on {n_apart} of {len(known)} days the open is in another unit than the close",
            )
            continue
        track = Track(days[known], market=market[known], **own)
        finding = inspect(
            track,
            settings.gates.jump,
            trades_every_day=trades_every_day(settings),
            uses_opens=settings.returns == "intraday",
        )
        if finding.jump is not None:
            verdicts.add(asset_id, "impossible_jump", finding.jump)
        elif finding.repairs:
            repairs[asset_id] = finding.repairs
    return repairs


def gate_stillness(
    returns: pd.DataFrame, panel: Panel, gates: GateSettings, verdicts: Verdicts
) -> None:
    """Rule out pegs (hardly any variance) and prices that stand still.

    Parameters
    ----------
    returns : DataFrame of shape (n_days, n_assets)
        Log returns of repaired closes; NaN where missing.
    panel : Panel
        A day whose bar has no range and whose turnover is zero is a quote at which nobody traded;
        it counts as standing still.
    gates : GateSettings
    verdicts : Verdicts
    """
    untraded = (panel.high == panel.low) & (panel.turnover == 0)
    volatility = robust_volatility(returns)
    plain = returns.std()
    for asset_id in returns.columns[volatility < gates.pegged_volatility]:
        # More than half of the days unchanged is no volatility at all: that is for the next gate.
        if plain[asset_id] < 10 * gates.pegged_volatility:
            verdicts.add(
                asset_id,
                "pegged",
                f"daily volatility {volatility[asset_id]:.2%} (robust; plain "
                f"{plain[asset_id]:.2%}) is below {gates.pegged_volatility:.2%}",
            )
    quoted = untraded.loc[returns.index, returns.columns]
    still = ((returns == 0) | (quoted & returns.notna())).to_numpy()
    share = pd.Series(still.sum(axis=0) / returns.notna().sum(axis=0), returns.columns)
    run = pd.Series(_longest_run(still), returns.columns)
    for asset_id in returns.columns[(share > gates.max_frozen) | (run > gates.max_frozen_run)]:
        verdicts.add(
            asset_id,
            "frozen",
            f"still on {share[asset_id]:.1%} of days and for up to {run[asset_id]} days in a "
            f"row; allowed are {gates.max_frozen:.1%} and {gates.max_frozen_run}",
        )


def gate_foreign(returns: pd.DataFrame, gates: GateSettings, verdicts: Verdicts) -> None:
    """Rule out what is far calmer than the market and moves neither with it nor against it.

    Gold is such an asset, and an exchange's token that hardly trades; what it follows is not asked.

    The market is the median return of the candidates that no gate has stopped yet. Its correlation
    is asked for only in windows of :data:`MARKET_DAYS` and more: over 30 days of 2017 Bitcoin's own
    with the median coin was 0.08. What is twice as calm as that again needs no correlation: a peg's
    noise can follow the market as well.
    """
    left = returns[[asset_id for asset_id in returns if asset_id not in verdicts]]
    if left.shape[1] < FEWEST_IN_MARKET:
        return
    volatility = robust_volatility(left)
    share = volatility / float(volatility.median())
    limit = gates.foreign_volatility_ratio
    correlation = left.corrwith(_repeated(left.median(axis=1), left))
    apart = (correlation.abs() < gates.foreign_correlation) & (len(left) >= MARKET_DAYS)
    for asset_id in left.columns[(share < limit / 2) | ((share < limit) & apart)]:
        verdicts.add(
            asset_id,
            "calm_and_apart",
            f"daily volatility {volatility[asset_id]:.2%} is {share[asset_id]:.2f} of the median's "
            f"and the correlation with the market {correlation[asset_id]:.2f}; this market's own "
            f"have {limit:g} or {gates.foreign_correlation:g} and more, and never under "
            f"{limit / 2:g}",
        )


def log_prices(prices: pd.DataFrame) -> pd.DataFrame:
    """Take natural logarithms; NaN where a price is missing, zero or less."""
    return pd.DataFrame(np.log(prices.where(prices > 0)), prices.index, prices.columns)


def robust_volatility(returns: pd.DataFrame) -> pd.Series:
    """Return 1.4826 times the median absolute deviation, which one crash does not move."""
    return 1.4826 * (returns - returns.median()).abs().median()


def _repeated(values: pd.Series, like: pd.DataFrame) -> pd.DataFrame:
    """Return the values as every column of a table: whole tables correlate ten times as fast."""
    columns = np.broadcast_to(values.to_numpy()[:, np.newaxis], like.shape)
    return pd.DataFrame(columns, like.index, like.columns)


def _longest_run(flags: _Flags) -> npt.NDArray[np.int64]:
    """Count the longest run of True in each column."""
    longest = np.zeros(flags.shape[1], dtype=np.int64)
    current = np.zeros(flags.shape[1], dtype=np.int64)
    for row in flags:
        current = np.where(row, current + 1, 0)
        longest = np.maximum(longest, current)
    return longest
