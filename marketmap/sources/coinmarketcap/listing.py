"""A page of CoinMarketCap's listing, read coin by coin."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from marketmap.sources.answers import Label
from marketmap.sources.coinmarketcap.answers import QUOTE
from marketmap.sources.parsing import UnreadableError, as_json, as_text, parse_number, parse_text


@dataclass
class Page:
    """What a page of the listing says.

    Attributes
    ----------
    rows : dict of str to mapping
        By asset id: the columns of :func:`marketmap.frames.listing_frame`, with ``cmc_rank``.
    total : float
        How many coins there are in all, NaN where it does not say.
    n_rows : int
        All rows that came.
    quarantined, doubts
        As of :class:`marketmap.sources.answers.ParsedAnswer`.
    """

    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    total: float = math.nan
    n_rows: int = 0
    quarantined: list[Mapping[str, Any]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def is_last(self, next_start: int, n_asked: int) -> bool:
        """Return whether no page comes after it: asking past the end is an error there."""
        return self.n_rows < n_asked if math.isnan(self.total) else next_start > self.total

    @property
    def labels(self) -> tuple[Label, ...]:
        """What the coins are called."""
        return tuple(
            Label(asset_id, row["symbol"], row["name"] or row["symbol"], "listing")
            for asset_id, row in self.rows.items()
            if row["symbol"]
        )


def read_page(data: Mapping[str, Any], n_ranks: int | None) -> Page:
    """Read a page.

    Parameters
    ----------
    data : mapping
        The answer's ``data``, with a list ``cryptoCurrencyList``.
    n_ranks : int or None
        How many ranks are wanted from the first on, none of which the page may jump over; None
        where it is a later page, or in another order.
    """
    page = Page(n_rows=len(data["cryptoCurrencyList"]))
    ranks: set[int] = set()
    for entry in data["cryptoCurrencyList"]:
        try:
            _read(entry, page, ranks)
        except UnreadableError as problem:
            page.doubts.append(f"{problem}")
            page.quarantined.append(
                {
                    "asset_id": "",
                    "reason": "unreadable",
                    "detail": f"listing: {problem}",
                    "raw": as_json(entry),
                }
            )
    try:
        page.total = parse_number(data.get("totalCount"))
    except UnreadableError as problem:
        page.doubts.append(f"totalCount: {problem}")
    if n_ranks is not None:
        page.doubts += _missing(ranks, n_ranks)
    page.doubts.sort()  # the order of the rows says nothing: each has its rank
    return page


def _read(entry: Any, page: Page, ranks: set[int]) -> None:
    """Add a coin to the page, with what is suspect about it; products have no rank: skipped."""
    if not isinstance(entry, dict):
        raise UnreadableError(f"{type(entry).__name__} where a coin belongs")
    if "cmcRank" not in entry:
        return
    asset_id = as_text(entry.get("id"))
    if not (asset_id.isascii() and asset_id.isdecimal()):
        raise UnreadableError(f"id is {as_json(entry.get('id'))[:40]}")
    rank = _rank(entry["cmcRank"], asset_id)
    ranks.add(rank)
    if as_text(entry.get("isActive", 1)) == "0":
        return
    if asset_id in page.rows:
        page.doubts.append(f"coin {asset_id} is listed twice")
        return
    page.rows[asset_id] = _row(entry, asset_id, rank, page.doubts)


def _rank(value: Any, asset_id: str) -> int:
    try:
        rank = parse_number(value)
    except UnreadableError as problem:
        raise UnreadableError(f"coin {asset_id}: cmcRank: {problem}") from None
    if not (rank >= 1 and rank.is_integer()):
        raise UnreadableError(f"coin {asset_id}: cmcRank is {as_json(value)[:40]}")
    return int(rank)


def _row(
    entry: Mapping[str, Any], asset_id: str, rank: int, doubts: list[str]
) -> Mapping[str, Any]:
    """Return a coin as a row; its quote is found by name, not by position."""
    quotes = entry.get("quotes")
    told = [q for q in quotes if isinstance(q, dict)] if isinstance(quotes, list) else []
    quote = next((q for q in told if q.get("name") == QUOTE), None)
    if quote is None:
        doubts.append(f"coin {asset_id}: no quote in {QUOTE}")
    labels: dict[str, str | None] = {}
    for key in ("symbol", "name"):
        value = entry.get(key)
        labels[key] = parse_text(value) if isinstance(value, str) and parse_text(value) else None
        if labels[key] is None:
            doubts.append(f"coin {asset_id}: {key} is {as_json(value)[:40]}")
    tags = entry.get("tags")
    return {
        "cmc_rank": rank,
        "asset_id": asset_id,
        **labels,
        "market_cap": _value(quote, "marketCap", asset_id, doubts),
        "turnover": _value(quote, "volume24h", asset_id, doubts),
        "tags": [parse_text(tag) for tag in tags] if isinstance(tags, list) else [],
        "has_quote": quote is not None,
    }


def _value(quote: Mapping[str, Any] | None, key: str, asset_id: str, doubts: list[str]) -> float:
    """Return a size, which every ranked coin should have; NaN where it cannot be read."""
    if quote is None:
        return math.nan
    try:
        value = parse_number(quote.get(key))
    except UnreadableError:
        value = math.nan
    if value > 0:
        return value
    doubts.append(f"coin {asset_id}: {key} is {as_json(quote.get(key))[:40]}")
    return value if value == 0 else math.nan


def _missing(ranks: Iterable[int], n_ranks: int) -> Iterator[str]:
    """Return a doubt where a page lacks some of the first ranks, that is, coins."""
    present = sorted({min(rank, n_ranks + 1) for rank in ranks})
    gaps = [
        (earlier + 1, later - 1)
        for earlier, later in pairwise([0, *present])
        if later - earlier > 1
    ]
    if gaps:
        named = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in gaps[:5])
        yield f"rank {named}{' and more' if len(gaps) > 5 else ''} is missing"
