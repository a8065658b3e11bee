"""CoinMarketCap: the listing by requests, histories by cryptocmd, both over one transport."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd

from marketmap.errors import SourceError
from marketmap.frames import listing_frame, price_frame
from marketmap.settings import CoinMarketCapSettings, FetchSettings, RankBy
from marketmap.sources.answers import (
    Answer,
    ArchivedAnswer,
    ParsedAnswer,
    RawAnswer,
    Window,
    quarantine_frame,
)
from marketmap.sources.coinmarketcap.answers import QUOTE, checked
from marketmap.sources.coinmarketcap.download import download, with_request
from marketmap.sources.coinmarketcap.history import read_history
from marketmap.sources.coinmarketcap.listing import Page, read_page
from marketmap.sources.http.confirmation import ask_until_confirmed
from marketmap.sources.http.retry import Retry
from marketmap.sources.http.transport import Transport

ONE_DAY = timedelta(days=1)

WINDOW_DAYS = 360
"""Days of one request, those to compare with included. An answer holds some 365 rows, and sometimes
includes the day before the first or the day after the last."""
CONTEXT = timedelta(days=3)
"""Days before and after those that are wanted, so that each has neighbours to compare with."""
SPARE_DAYS = timedelta(days=4)
"""By so many days a retry may begin earlier, so that no cache answers it."""
OWN_DAYS = WINDOW_DAYS - (2 * CONTEXT + SPARE_DAYS).days

PAGE_ROWS = 1000
# Rows asked for beyond those needed: products and inactive coins stand among them.
SPARE_ROWS = 20


class CoinMarketCap:
    """CoinMarketCap's public endpoints, in US dollars; assets are known by their number there.

    Parameters
    ----------
    settings : CoinMarketCapSettings
    fetch : FetchSettings
    """

    name = "coinmarketcap"
    is_remote = True
    has_past_listings = False  # the endpoint knows today's listing only
    notes: tuple[str, ...] = ()

    def __init__(self, settings: CoinMarketCapSettings, fetch: FetchSettings) -> None:
        self._transport = Transport(settings.base_url, fetch)
        self._retry = Retry(fetch, self._transport.host)

    @property
    def has_given_up(self) -> bool:
        """Whether it failed so often, or was stopped, that it is not asked for now."""
        return self._retry.throttle.has_given_up

    def stop(self) -> None:
        """Let everything that asks, in any thread, end soon."""
        self._retry.throttle.stop()

    def last_day(self, now: datetime) -> date:
        """Return yesterday: the last UTC day that is over."""
        return now.astimezone(UTC).date() - ONE_DAY

    def listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> pd.DataFrame:
        """List the largest coins of today, whatever the day asked for; see ``has_past_listings``.

        Raises
        ------
        SourceDownError
            CoinMarketCap did not answer, or said that it is busy.
        SourceError
            It answered with another error, nonsense or an empty list.
        """
        return self.ask_listing(as_of, size, rank_by).unwrap()

    def prices(self, asset_id: str, start: date, end: date) -> pd.DataFrame:
        """Return a coin's candles from ``start`` to ``end``, both included; none of a day not over.

        CoinMarketCap's volume is in US dollars: it is returned as turnover, and volume is
        that turnover divided by the close.

        Raises
        ------
        SourceDownError
            CoinMarketCap did not answer, or said that it is busy.
        SourceError
            It answered with an error or nonsense, or with another coin than the one asked for.
        """
        frames = [price_frame(pd.DataFrame(columns=["date"]))]
        windows = self.windows(asset_id, start, end)
        while windows:
            answer = self.ask_prices(window := windows.pop())
            frames.append(answer.unwrap())
            windows += window.without(answer.window)
        return price_frame(pd.concat(frames))

    def windows(self, asset_id: str, start: date, end: date) -> list[Window]:
        """Split days into requests, the newest first."""
        end = min(end, self.last_day(datetime.now(UTC)))
        return Window(str(asset_id), start, end).split(OWN_DAYS)  # its id is a number, for many

    def ask_prices(self, window: Window) -> Answer:
        """Ask for the candles of one window."""
        asset_id = str(window.asset_id)
        if not asset_id.isdecimal():  # cryptocmd would look an empty one up by its symbol
            said = f"coin {asset_id!r}: expected CoinMarketCap's number of a coin"
            return Answer(window, (), error=SourceError(said))

        def once(n: int, raw_answers: list[RawAnswer]) -> ParsedAnswer:
            now = datetime.now(UTC)
            first = window.first - CONTEXT - min(n * ONE_DAY, SPARE_DAYS)
            last = min(window.last + CONTEXT, self.last_day(now))
            data = download(self._transport, asset_id, first, last, raw_answers)
            return read_history(data, window, (first - ONE_DAY, last + ONE_DAY), now)

        return ask_until_confirmed(self._retry, window, once)

    def ask_listing(self, as_of: date, size: int, rank_by: RankBy = "auto") -> Answer:
        """Ask for today's listing, page by page."""
        window = Window(None, as_of, as_of)
        rows: dict[str, Mapping[str, Any]] = {}
        answers: list[Answer] = []
        n_rows = min(size + SPARE_ROWS, PAGE_ROWS)
        start, is_last = 1, False
        while len(rows) < size and not is_last:
            page, answer = self._ask_page(window, start, n_rows, rank_by)
            answers.append(answer)
            if answer.rows is None:
                break
            # Rows that are no coins may or may not count: rather see a coin twice than miss one.
            start += len(page.rows)
            is_last = page.is_last(start, n_rows) or page.rows.keys() <= rows.keys()
            rows = page.rows | rows
        return _listing(window, answers, _ranked(rows, size, rank_by))

    def read_again(self, archived: ArchivedAnswer, rank_by: RankBy = "auto") -> Answer:
        """Read an archived answer again; a listing only where it came on one page."""
        asked = archived.request
        try:
            value = json.loads(archived.text)
            if archived.window.asset_id is None:
                return _read_listing_again(archived, value, rank_by)
            first, last = (
                datetime.fromtimestamp(int(asked[key]), UTC).date()
                for key in ("timeStart", "timeEnd")
            )
            data = checked(value, "quotes")["data"]
            parsed = read_history(data, archived.window, (first, last), archived.at)
        except (SourceError, ValueError, KeyError, OverflowError, RecursionError) as problem:
            return Answer(archived.window, (), error=SourceError(f"{archived.window}: {problem}"))
        return Answer(
            parsed.window,
            (),
            rows=parsed.rows,
            quarantined=quarantine_frame(parsed.quarantined),
            labels=parsed.labels,
            around=parsed.around,
        )

    def _ask_page(
        self, window: Window, start: int, n_rows: int, rank_by: RankBy
    ) -> tuple[Page, Answer]:
        pages = [Page()]

        def once(n: int, raw_answers: list[RawAnswer]) -> ParsedAnswer:
            request = _listing_request(start, n_rows + n, rank_by)  # no cache has seen it yet
            raw = self._transport.get_json("/cryptocurrency/listing", request)
            raw_answers.append(with_request(raw, "listing", request))
            data = checked(raw.value, "cryptoCurrencyList")["data"]
            pages.append(page := _read_page(data, start, n_rows, rank_by))
            return ParsedAnswer(
                window, pd.DataFrame(), tuple(page.quarantined), tuple(page.doubts), page.labels
            )

        answer = ask_until_confirmed(self._retry, window, once)
        return pages[-1], answer


def _listing_request(start: int, n_rows: int, rank_by: RankBy) -> dict[str, str]:
    return {
        "start": str(start),
        "limit": str(n_rows),
        "sortBy": "volume_24h" if rank_by == "turnover" else "market_cap",
        "sortType": "desc",
        "convert": QUOTE,
        "cryptoType": "all",
        "tagType": "all",
        "audited": "false",
        "aux": "tags,cmc_rank,date_added,num_market_pairs,circulating_supply",
    }


def _read_page(data: Mapping[str, Any], start: int, n_rows: int, rank_by: RankBy) -> Page:
    in_order = start == 1 and rank_by != "turnover"
    page = read_page(data, n_rows - SPARE_ROWS if in_order else None)
    if not page.rows and start == 1:
        raise SourceError("a listing without coins")
    if page.rows and not any(row["has_quote"] for row in page.rows.values()):
        raise SourceError(f"a listing without a quote in {QUOTE}")
    return page


def _ranked(rows: Mapping[str, Mapping[str, Any]], size: int, rank_by: RankBy) -> pd.DataFrame:
    if not rows:
        return listing_frame(pd.DataFrame(columns=["asset_id"]))
    frame = pd.DataFrame(list(rows.values()))
    if rank_by == "turnover":
        frame = frame.sort_values("turnover", ascending=False, kind="stable")
    else:
        frame = frame.sort_values("cmc_rank", kind="stable")
    return listing_frame(frame.head(size))


def _listing(window: Window, answers: list[Answer], rows: pd.DataFrame) -> Answer:
    """Join the answers of all pages; if one failed, the listing failed."""
    failed = answers[-1].rows is None
    told = set(rows["asset_id"])
    labels = {label.asset_id: label for answer in answers for label in answer.labels}
    return Answer(
        window,
        tuple(attempt for answer in answers for attempt in answer.attempts),
        rows=None if failed else rows,
        error=answers[-1].error,
        quarantined=pd.concat([answer.quarantined for answer in answers], ignore_index=True),
        labels=tuple(label for asset_id, label in labels.items() if asset_id in told),
        archived=tuple(archived for answer in answers for archived in answer.archived),
    )


def _read_listing_again(archived: ArchivedAnswer, value: Any, rank_by: RankBy) -> Answer:
    asked = archived.request
    n_rows = int(asked["limit"])
    if asked["start"] != "1" or n_rows >= PAGE_ROWS:
        raise SourceError("a page of several, which are not read again")
    if asked["sortBy"] != _listing_request(1, n_rows, rank_by)["sortBy"]:
        raise SourceError(f"ranked by {asked['sortBy']}")
    page = _read_page(checked(value, "cryptoCurrencyList")["data"], 1, n_rows, rank_by)
    rows = _ranked(page.rows, n_rows - SPARE_ROWS, rank_by)
    return Answer(archived.window, (), rows=rows, labels=page.labels)
