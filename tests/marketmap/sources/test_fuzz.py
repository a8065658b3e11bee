"""Broken answers by the thousand: nothing but errors of its own comes of them, and no bad row.

A few hundred bodies in ``make test``; more than 20,000 in ``make fuzz``.
"""

import copy
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from marketmap.errors import SourceError
from marketmap.frames import LISTING_COLUMNS, PRICE_COLUMNS, PRICE_VALUES
from marketmap.settings import CoinMarketCapSettings, FetchSettings
from marketmap.sources.answers import REASONS, Answer, RawAnswer, Window
from marketmap.sources.coinmarketcap.source import CoinMarketCap
from storage import Archive, Database
from tests.support.http_server import Request, Response, StandIn

N_DAYS, N_COINS, N_TOGETHER = 30, 12, 5
IDS = tuple(str(1027 + n) for n in range(N_TOGETHER))  # several answers of a day are no batch
ID = IDS[0]
SOURCE = "coinmarketcap"
MADE_AT, MADE_LATER = "2026-02-03T04:05:06.789Z", "2026-02-03T04:05:07.890Z"
STATUS = {
    "timestamp": MADE_AT,
    "error_code": "0",
    "error_message": "SUCCESS",
    "elapsed": "4",
    "credit_count": 0,
}
# With coverage it takes twice as long, and other tests go the same ways.
pytestmark = [pytest.mark.long, pytest.mark.no_cover]
FETCH = FetchSettings(
    attempts=2,
    backoff_seconds=0,
    timeout_seconds=5,
    give_up_after=1_000_000_000,
    requests_per_minute=1_000_000_000,
)
SOME = settings(
    max_examples=settings().max_examples // 8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# --- what is true


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


LAST = yesterday()
FIRST = LAST - timedelta(days=N_DAYS - 1)
WINDOWS = [Window(asset_id, FIRST, LAST) for asset_id in IDS]


def candle(day: date, close: float, draw: random.Random) -> dict[str, Any]:
    return {
        "timeOpen": f"{day}T00:00:00.000Z",
        "timeClose": f"{day}T23:59:59.999Z",
        "timeHigh": f"{day}T09:38:00.000Z",
        "timeLow": f"{day}T00:16:00.000Z",
        "quote": {
            "name": "2781",
            "open": close * draw.uniform(0.97, 1.03),
            "high": close * 1.05,
            "low": close * 0.95,
            "close": close,
            "volume": close * draw.uniform(1e6, 2e6),
            "marketCap": close * 1.2e8,
            "circulatingSupply": 120000000,
            "timestamp": f"{day}T23:59:59.999Z",
        },
    }


def history() -> dict[str, Any]:
    """Return what is answered: the days that are wanted, three before them, and the running one."""
    draw = random.Random(5)
    days = [FIRST + timedelta(days=n) for n in range(-3, N_DAYS + 1)]
    closes = itertools.accumulate(
        days, lambda close, _: close * draw.uniform(0.9, 1.1), initial=1e-3
    )
    quotes = [candle(day, close, draw) for day, close in zip(days, closes, strict=False)]
    told = {"id": int(ID), "name": "Ethereum", "symbol": "ETH", "timeEnd": "1729900799"}
    return {"data": {**told, "quotes": quotes}, "status": STATUS}


def listed(rank: int) -> dict[str, Any]:
    sizes = {"price": 3.0 / rank, "volume24h": 4e9 / rank, "marketCap": 1e12 / rank}
    return {
        "id": 1000 + rank,
        "name": f"Coin {rank}",
        "symbol": f"C{rank}",
        "slug": f"coin-{rank}",
        "cmcRank": rank,
        "marketPairCount": 17,
        "circulatingSupply": 1e9,
        "isActive": 1,
        "lastUpdated": MADE_AT[:19] + "Z",
        "dateAdded": "2015-08-07T00:00:00.000Z",
        "tags": ["layer-1", "pos"],
        "quotes": [
            {"name": "BTC", "price": 1.0, "volume24h": 2.0, "marketCap": 3.0},
            {"name": "USD", **sizes, "percentChange24h": -0.3, "dominance": 12.5},
        ],
    }


def listing() -> dict[str, Any]:
    product = {"id": 38442, "name": "Index", "symbol": "CMC20", "isActive": 1, "quotes": []}
    rows = [product, *(listed(rank) for rank in range(1, N_COINS + 1))]
    return {"data": {"cryptoCurrencyList": rows, "totalCount": str(N_COINS)}, "status": STATUS}


# --- what is made of it

DEEP = "deeply nested"
ODD_NUMBERS = (0, -1, 1, 2**63, 10**400, -(10**400), 5e-324, 1e-300, 1e300, 1.7e308, -0.0)
ODD_TEXTS = (
    *("", "0", "0E-30", "-1", "1e999", "NaN", "Infinity", "n/a", "12,5", "null", " 7", ID, "1001"),
    *(f"{LAST}T00:00:00.000Z", f"{LAST}T23:59:59.999Z", f"{FIRST}", "0001-01-01T00:00:00+23:59"),
    *("9999-12-31T23:59:59-23:59", "2024-02-30", "20240101", "\ud800", "\udfff\ud800", "\x00"),
    *("\u202e\u200b", "\x1b[31m", "a\nb\r\n", "x" * 300, "'; DROP TABLE store.prices; --", DEEP),
)
LETTERS = st.characters(codec=None)  # halves of surrogate pairs and control characters as well
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(LETTERS, max_size=20),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from((float("nan"), float("inf"), float("-inf"))),
    st.sampled_from(ODD_TEXTS),
)
KEYS = st.one_of(
    st.sampled_from(
        ("id", "quotes", "quote", "close", "low", "timeOpen", "status", "error_code", "cmcRank")
    ),
    st.text(LETTERS, max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
WAYS = ("replace", "drop", "double", "rename", "scale", "shuffle", "reverse", "copy", "cut", "text")
SHALLOW = (True, False, False, False)  # whether the frame of the rows is changed, or anything
CHANGES = st.tuples(
    st.sampled_from(WAYS),
    st.sampled_from(SHALLOW),
    st.integers(0, 2**20),
    st.integers(0, 2**20),
    VALUES,
)
SCALES = (-1.0, 0.0, 1e-9, 1e-3, 0.2, 0.9999999, 1.0000001, 1.1, 5.0, 200.0, 1e9, 1e303)
BYTES = st.tuples(
    st.sampled_from(("cut", "insert", "flip")), st.integers(0, 2**20), st.binary(max_size=6)
)

Place = tuple[Any, Any]  # a list or an object, and a place or a key in it


def places(value: Any, depth: int = 0) -> Iterator[tuple[int, Place]]:
    """Return all places in a tree, with their depth."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield depth, (value, key)
        if isinstance(value[key], dict | list):
            yield from places(value[key], depth + 1)


def change(tree: Any, how: tuple[str, bool, int, int, Any]) -> None:
    """Change one place of a tree."""
    way, is_shallow, at, by, value = how
    found = [place for depth, place in places(tree) if depth < 2 or not is_shallow]
    if not found:
        return
    parent, key = found[at % len(found)]
    old = parent[key]
    if way == "drop":
        del parent[key]
    elif way == "double":
        insert(parent, by, copy.deepcopy(old), str(key) + "2")
    elif way == "rename" and isinstance(parent, dict):
        parent[str(value)[:20]] = parent.pop(key)
    elif way == "scale" and isinstance(old, int | float) and not isinstance(old, bool):
        parent[key] = float(old) * SCALES[by % len(SCALES)] if abs(old) < 1e300 else 0
    elif way in ("shuffle", "reverse") and isinstance(old, list):
        random.Random(by).shuffle(old) if way == "shuffle" else old.reverse()
    elif way == "copy":
        other, place = found[by % len(found)]
        parent[key] = copy.deepcopy(other[place])
    elif way == "cut" and isinstance(old, list | str):
        parent[key] = old[: by % (len(old) + 1)]
    elif way == "text":
        parent[key] = str(old)[:200] + ("" if by % 2 else str(value)[:50])
    else:
        parent[key] = value


def insert(parent: Any, at: int, value: Any, key: str) -> None:
    if isinstance(parent, dict):
        parent[key] = value
    else:
        parent.insert(at % (len(parent) + 1), value)


def written(tree: Any, depth: int) -> bytes:
    nest = "[" * depth + "]" * depth
    return json.dumps(tree).replace(f'"{DEEP}"', nest).encode()


def damaged(body: bytes, how: tuple[str, int, bytes]) -> bytes:
    way, at, value = how
    place = at % (len(body) + 1)
    if way == "cut":
        return body[:place]
    return body[:place] + value + body[place + (len(value) if way == "flip" else 0) :]


@dataclass(frozen=True)
class Made:
    """A body, and how it was made: that is short enough to be shown."""

    how: Any
    body: bytes = field(repr=False)


def broken(truth: Callable[[], dict[str, Any]]) -> st.SearchStrategy[Made]:
    """Bodies that began as the truth."""

    def made(
        changes: Sequence[tuple[str, bool, int, int, Any]],
        damages: Sequence[tuple[str, int, bytes]],
        depth: int,
    ) -> Made:
        tree: dict[str, Any] = {"": copy.deepcopy(truth())}
        for how in changes:
            change(tree, how)
        body = written(next(iter(tree.values()), None), depth)
        for hurt in damages:
            body = damaged(body, hurt)
        return Made((changes, damages, depth), body)

    return st.builds(
        made,
        st.lists(CHANGES, min_size=1, max_size=4),
        st.one_of(st.just([]), st.just([]), st.lists(BYTES, max_size=2)),
        st.sampled_from((1, 50, 900, 940, 950, 960, 970, 980, 2000)),
    )


RAW: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    VALUES.map(lambda value: written(value, 3)),
    VALUES.map(lambda value: written({"data": value, "status": STATUS}, 3)),
    st.tuples(VALUES, VALUES).map(
        lambda two: written(
            {
                "data": {"id": ID, "quotes": [two[0], {"quote": two[1]}]},
                "status": STATUS,
            },
            3,
        )
    ),
    st.tuples(VALUES, VALUES).map(
        lambda two: written(
            {"data": {"cryptoCurrencyList": [two[0], {"cmcRank": two[1], "id": 5}]}}, 3
        )
    ),
)
ANYTHING = RAW.map(lambda body: Made("anything", body))


# --- where it goes


@dataclass
class Desk:
    """A source whose answers are given to it, and a database and an archive behind it."""

    source: CoinMarketCap
    database: Database
    archive: Archive
    met: Counter[str] = field(default_factory=Counter)

    def ask(self, bodies: Sequence[bytes], window: Window | None) -> Answer:
        """Ask for a window, or the listing; it is answered by bodies, over and over."""
        answers = itertools.cycle(bodies)
        transport = self.source._transport

        def get_json(path: str, params: object = None) -> RawAnswer:
            return transport._parsed(next(answers), "application/json")

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(transport, "get_json", get_json)
            return ask(self.source, window)

    def keep(self, answers: Sequence[Answer]) -> None:
        """Store answers, and check that nothing bad is stored."""
        for answer in answers:
            self.met["bodies"] += 1
            self.met["accepted" if answer.error is None else "not accepted"] += 1
            self.met["rows quarantined"] += len(answer.quarantined)
        self.database.store_answers(SOURCE, answers)
        bodies = [body for answer in answers for body in answer.archived]
        self.archive.keep(SOURCE, bodies)
        for answer in answers:
            if answer.window.asset_id is None and answer.rows is not None:
                self.database.save_listing(SOURCE, LAST, answer.rows)
        self._check(answers)
        connection = self.database._connection
        for table in ("prices", "coverage", "requests", "quarantine", "labels", "listings"):
            connection.execute(f"DELETE FROM store.{table}")
        connection.execute("DELETE FROM store.revisions")

    def _check(self, answers: Sequence[Answer]) -> None:
        told = {str(answer.window.asset_id): answer for answer in answers}
        n_stored = self.database._connection.execute("SELECT count(*) FROM store.prices")
        n_told = sum(len(answer.unwrap()) for answer in answers if is_history(answer))
        assert n_stored.fetchall() == [(n_told,)]
        for asset_id in IDS:
            rows = self.database.prices(SOURCE, [asset_id], None, date(9999, 12, 31))
            check_prices(rows, asset_id)
            if asset_id in told and is_history(told[asset_id]):
                pd.testing.assert_frame_equal(rows, told[asset_id].unwrap())
        quarantined = self.database.quarantine(SOURCE, open_only=False)
        assert set(quarantined["reason"]) <= set(REASONS)
        found = self.database.listing(SOURCE, LAST)
        if found is not None:
            check_listing(found[0])
        n_asked = self.database._connection.execute("SELECT count(*) FROM store.requests")
        assert n_asked.fetchall() == [(sum(len(answer.attempts) for answer in answers),)]


def is_history(answer: Answer) -> bool:
    return answer.rows is not None and answer.window.asset_id is not None


def ask(source: CoinMarketCap, window: Window | None) -> Answer:
    """Ask, and check whatever comes of it."""
    if window is None:
        answer = source.ask_listing(LAST, 10)
        assert answer.window == Window(None, LAST, LAST)
    else:
        answer = source.ask_prices(window)
        assert answer.window == window
    check(answer)
    for body in answer.archived:
        again = source.read_again(body)
        if body.accepted and window is not None:
            pd.testing.assert_frame_equal(again.unwrap(), answer.unwrap())
        assert again.error is None or isinstance(again.error, SourceError)
    return answer


def check(answer: Answer) -> None:
    assert (answer.rows is None) is (answer.error is not None)
    assert len(answer.attempts) >= 1
    if answer.error is not None:
        assert isinstance(answer.error, SourceError)
        assert str(answer.error).startswith(f"{answer.window}: ")
    for said in (str(answer.error), *(attempt.detail for attempt in answer.attempts)):
        assert len(said.splitlines()) <= 1
        assert len(said) < 1000
    for label in answer.labels:
        check_text(label.symbol)
        check_text(label.name)
        assert label.asset_id == (answer.window.asset_id or label.asset_id)
    assert set(answer.quarantined["reason"]) <= set(REASONS)
    if answer.rows is not None:
        if answer.window.asset_id is None:
            check_listing(answer.rows)
        else:
            check_prices(answer.rows, answer.window.asset_id)


def check_text(label: str) -> None:
    assert label
    assert label.isprintable()
    assert label.encode("utf-8")
    assert len(label) <= 100


def check_prices(rows: pd.DataFrame, asset_id: str) -> None:
    """Check that rows are sound: what nobody may ever see in the database is not there."""
    assert tuple(rows.columns) == PRICE_COLUMNS
    assert set(rows["asset_id"]) <= {asset_id}
    assert rows["date"].is_unique
    assert rows["date"].is_monotonic_increasing
    assert rows["date"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST)).all()
    values = rows[list(PRICE_VALUES)].to_numpy(dtype=float)
    bar, sizes = values[:, :4], values[:, 4:]
    opened, high, low, close = bar.T
    assert not np.isnan(close).any()
    assert not (bar <= 0).any()
    assert not (sizes < 0).any()
    assert not np.isinf(values).any()
    for price in (opened, close):
        assert not (price > high * (1 + 1e-6)).any()
        assert not (price < low * (1 - 1e-6)).any()


def check_listing(rows: pd.DataFrame) -> None:
    assert tuple(rows.columns) == LISTING_COLUMNS
    assert 1 <= len(rows) <= 10
    assert list(rows["rank"]) == list(range(1, len(rows) + 1))
    assert rows["asset_id"].is_unique
    assert all(asset_id.isascii() and asset_id.isdecimal() for asset_id in rows["asset_id"])
    for label in (*rows["symbol"], *rows["name"]):
        check_text(label)
    for tag in itertools.chain.from_iterable(rows["tags"]):
        assert tag.isprintable()
    sizes = rows[["market_cap", "turnover"]].to_numpy()
    assert not (sizes <= 0).any()
    assert not np.isinf(sizes).any()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def desk(folder: Any) -> Iterator[Desk]:
    made = CoinMarketCap(CoinMarketCapSettings(kind="coinmarketcap"), FETCH)
    with Database.open(folder / "work.duckdb") as database:
        desk = Desk(made, database, Archive(folder / "archive", 1_000_000))
        yield desk
    print(f"\n{dict(desk.met)}")


Pair = tuple[Made, int]


def pairs_of(bodies: st.SearchStrategy[Made]) -> st.SearchStrategy[list[Pair]]:
    """Return bodies, and by a number what a second question is answered with."""
    pairs = st.tuples(bodies, st.integers(0, 3))
    return st.lists(pairs, min_size=N_TOGETHER, max_size=N_TOGETHER)


def answers_of(pairs: Sequence[Pair]) -> Iterator[tuple[int, list[bytes]]]:
    """Return what is answered, of a coin each; a second time mostly the same, but made later."""
    for number, (made, second) in enumerate(pairs):
        body = made.body.replace(ID.encode(), IDS[number].encode())
        later = body.replace(MADE_AT.encode(), MADE_LATER.encode())
        yield number, [body, [later, later, body, b"{}"][second]]


# --- what holds


def test_the_truth_is_taken_at_once(desk: Desk) -> None:
    prices = desk.ask([written(history(), 1)], WINDOWS[0])
    assert len(prices.unwrap()) == N_DAYS
    assert len(prices.attempts) == 1
    coins = desk.ask([written(listing(), 1)], None)
    assert list(coins.unwrap()["symbol"]) == [f"C{rank}" for rank in range(1, 11)]
    assert len(coins.attempts) == 1
    desk.keep([prices, coins])


@SOME
@given(pairs_of(broken(history)))
def test_of_broken_histories_only_sound_rows_are_stored(desk: Desk, pairs: list[Pair]) -> None:
    desk.keep([desk.ask(bodies, WINDOWS[n]) for n, bodies in answers_of(pairs)])


@SOME
@given(pairs_of(broken(listing)))
def test_of_broken_listings_only_sound_rows_are_stored(desk: Desk, pairs: list[Pair]) -> None:
    desk.keep([desk.ask(bodies, None) for _, bodies in answers_of(pairs)])


@SOME
@given(pairs_of(ANYTHING), st.booleans())
def test_of_anything_at_all_only_sound_rows_are_stored(
    desk: Desk, pairs: list[Pair], is_listing: bool
) -> None:
    asked = answers_of(pairs)
    desk.keep([desk.ask(bodies, None if is_listing else WINDOWS[n]) for n, bodies in asked])


class Bytes(StandIn):
    """Answers every request with the next of some bodies, over and over."""

    bodies: Iterator[bytes]

    def respond(self, request: Request) -> Response:
        return Response(next(self.bodies))


@dataclass(frozen=True)
class Wire:
    server: Bytes
    source: CoinMarketCap


@pytest.fixture(scope="module")
def wire(folder: Any) -> Iterator[Wire]:
    with Bytes() as server:
        told = CoinMarketCapSettings(kind="coinmarketcap", base_url=server.origin)
        source = CoinMarketCap(told, FETCH)
        yield Wire(server, source)
        source._transport._session.close()


@SOME
@given(
    pairs_of(st.one_of(broken(history), ANYTHING)),
    pairs_of(st.one_of(broken(listing), ANYTHING)),
)
def test_over_http_it_is_the_same(
    desk: Desk, wire: Wire, histories: list[Pair], listings: list[Pair]
) -> None:
    answers = []
    for windows, pairs in ((WINDOWS, histories), ([None] * N_TOGETHER, listings)):
        for number, bodies in answers_of(pairs):
            wire.server.bodies = itertools.cycle(bodies)
            answers.append(ask(wire.source, windows[number]))
            desk.met["over http"] += 1
    desk.keep(answers)
