"""What goes wrong between CoinMarketCap and its guests: by order (Fault) or by chance (Storm)."""

import json
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, get_args

from tests.support.cmc_answers import BUSY, PRICES, ZERO, Answer, failed, page, written
from tests.support.http_server import Request, Response

# --- by order

FaultKind = Literal[
    "429",
    "500",
    "403",
    "html",
    "busy",
    "refused",
    "empty",
    "wrong_id",
    "hang",
    "no_status",
    "no_quotes",
    "late",
    "swapped",
    "scaled",
]


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose path holds ``path``.

    ``busy`` and ``refused`` are errors 500 and 400 in an answer with HTTP 200, the first with data
    beside it; ``no_status`` says null there; ``no_quotes`` lists coins without any; ``late`` does
    not have the newest day yet. ``asset_id`` confines the fault to the history of one coin.
    ``swapped`` gives the candles of the coin ``other`` under the asked id, ``scaled`` its own with
    every price and amount multiplied by ``factor`` of the day.
    """

    kind: FaultKind
    path: str = ""
    times: float = 1
    retry_after: str | None = None
    asset_id: str | None = None
    other: str = ""
    factor: Callable[[date], float] = lambda _: 1000.0

    def strikes(self, request: Request) -> bool:
        mine = self.asset_id is None or request.query.get("id") == self.asset_id
        return self.path in request.path and mine

    def response(self, truth: Answer) -> Response:
        """Return what is answered in place of the truth."""
        if self.kind == "hang":
            return Response(ending="hang", seconds=30.0)
        if self.kind == "html" or self.kind.isdecimal():
            return page(int(self.kind) if self.kind.isdecimal() else 200, self.retry_after)
        return Response(self._spoilt(truth).text)

    def _spoilt(self, truth: Answer) -> Answer:
        changes: dict[str, Any] = {}
        if self.kind == "busy":
            changes["status"] = failed(truth, "500", BUSY)
        elif self.kind == "refused":
            changes = {"status": failed(truth, "400", "Invalid value"), "data": None}
        elif self.kind == "no_status":
            changes["status"] = None
        elif self.kind == "empty":
            changes["rows"] = []
        elif self.kind == "no_quotes":
            changes["rows"] = [written(row, "quotes", "[]") for row in truth.rows or ()]
        elif self.kind == "late":
            changes["rows"] = list(truth.rows or ())[:-1]
        elif self.kind == "scaled":
            changes["rows"] = [_scaled(row, self.factor) for row in truth.rows or ()]
        elif self.kind == "wrong_id" and truth.data is not None:
            changes["data"] = {**truth.data, "id": truth.data["id"] + 1}
        return replace(truth, **changes)


def _scaled(row: str, factor: Callable[[date], float]) -> str:
    times = float(factor(date.fromisoformat(json.loads(row)["timeOpen"][:10])))
    quote = json.loads(row)["quote"]
    for name in (*PRICES, "volume", "marketCap"):
        row = written(row, name, repr(float(quote[name]) * times))
    return row


# --- by chance

StormKind = Literal[
    "429_retry_after",
    "429",
    "5xx",
    "hang",
    "reset",
    "truncated",
    "html",
    "error_code",
    "stale",
    "other_coin",
    "null_fields",
    "zero",
    "text",
    "order",
    "empty_object",
    "dropped_key",
]
ALL_KINDS: tuple[StormKind, ...] = get_args(StormKind)

# What may be spoilt in a row: of a history and of the listing.
NUMBERS = (*PRICES, "volume", "marketCap")
LISTED = ("marketCap", "volume24h", "cmcRank")
TEXTS = ('"n/a"', '"--"', '"NaN"', '"12,5"')
ERRORS = (
    ("500", BUSY),
    ("400", "Invalid value"),
    ("1001", "This API Key is invalid."),
    ("429", "You've exceeded your API Key's HTTP request rate limit."),
)


@dataclass(frozen=True)
class _Met:
    """A request that is struck: its key, its true answer, and a way to another coin's."""

    key: str
    truth: Answer
    other: Callable[[random.Random], Answer | None]


@dataclass
class Storm:
    """Faults at random: every request is struck with probability ``rate``, by one of ``kinds``.

    What a request meets is drawn from the seed, the request, and how often it was made before: the
    same requests meet the same faults in whatever order threads make them. (But for ``stale``: what
    was sent last depends on that order.) What is struck differs from the truth; a kind that would
    not change it, as another order of one row, leaves its turn to another kind, and if none of
    ``kinds`` can, the truth is told.

    Attributes
    ----------
    met : int
        How many requests there were.
    struck : Counter of str
        How many were struck, by kind.
    """

    rate: float
    seed: int
    kinds: Sequence[StormKind] = ALL_KINDS
    retry_after: str = "1"
    hang_seconds: float = 30.0
    met: int = field(default=0, init=False)
    struck: Counter[str] = field(default_factory=Counter, init=False)
    _made: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _sent: deque[tuple[str, Answer]] = field(
        default_factory=lambda: deque(maxlen=100), init=False, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def response(
        self,
        request: Request,
        truth: Answer,
        other: Callable[[random.Random], Answer | None],
    ) -> Response:
        """Return what a request gets: mostly the truth, or what the storm makes of it."""
        names = ("id", "timeStart", "timeEnd", "start", "limit")
        key = " ".join([request.path, *(request.query.get(name, "-") for name in names)])
        with self._lock:
            self.met += 1
            n_before = self._made[key]
            self._made[key] += 1
        draw = random.Random(f"{self.seed} {key} {n_before}")
        if draw.random() < self.rate:
            for kind in draw.sample(list(self.kinds), len(self.kinds)):
                spoilt = self._spoilt(kind, draw, _Met(key, truth, other))
                if spoilt is not None:
                    return self._sending(kind, key, spoilt)
        return self._sending(None, key, truth)

    def _spoilt(self, kind: StormKind, draw: random.Random, met: _Met) -> Response | Answer | None:
        if kind == "429_retry_after":
            return page(429, self.retry_after)
        if kind == "hang":
            return Response(ending="hang", seconds=self.hang_seconds)
        if kind == "stale":
            return self._stale(met)
        spoilt = WAYS[kind](draw, met)
        is_same = isinstance(spoilt, Answer) and spoilt.meaning == met.truth.meaning
        return None if is_same else spoilt

    def _sending(self, kind: StormKind | None, key: str, what: Response | Answer) -> Response:
        with self._lock:
            if kind is not None:
                self.struck[kind] += 1
            if isinstance(what, Answer):
                self._sent.append((key, what))
        return Response(what.text) if isinstance(what, Answer) else what

    def _stale(self, met: _Met) -> Response | None:
        with self._lock:
            sent = list(self._sent)
        for key, answer in reversed(sent):
            if key != met.key and answer.meaning != met.truth.meaning:
                return Response(answer.text)
        return None


def _is_history(answer: Answer) -> bool:
    return answer.key == "quotes"


def _5xx(draw: random.Random, _: _Met) -> Response:
    return page(draw.choice((500, 502, 503, 520)))


def _reset(draw: random.Random, met: _Met) -> Response:
    if draw.random() < 0.5:
        return Response(ending="reset")
    text = met.truth.text
    return Response(text, sent=draw.randrange(1, len(text)), ending="reset")


def _truncated(draw: random.Random, met: _Met) -> Response:
    text = met.truth.text
    length = draw.randrange(1, len(text))
    if draw.random() < 0.5:
        return Response(text[:length])
    return Response(text, sent=length, ending="closed")


def _error_code(draw: random.Random, met: _Met) -> Answer:
    code, message = draw.choice(ERRORS)
    data = met.truth.data if code == "500" else None
    return replace(met.truth, status=failed(met.truth, code, message), data=data)


def _in_some_rows(
    draw: random.Random, truth: Answer, spoil: Callable[[list[str], int], str]
) -> Answer:
    """Spoil one to three rows, of those that are coins or their days."""
    rows = list(truth.rows or ())
    places = [at for at, row in enumerate(rows) if '"quote":' in row or '"cmcRank":' in row]
    for at in draw.sample(places, min(len(places), draw.randint(1, 3))):
        rows[at] = spoil(rows, at)
    return replace(truth, rows=rows) if places else truth


def _null_fields(draw: random.Random, met: _Met) -> Answer:
    names = NUMBERS if _is_history(met.truth) else (*LISTED, "symbol", "quotes", "id")

    def spoil(rows: list[str], at: int) -> str:
        return written(rows[at], draw.choice(names), "null")

    return _in_some_rows(draw, met.truth, spoil)


def _text(draw: random.Random, met: _Met) -> Answer:
    names = (*NUMBERS, "timeOpen") if _is_history(met.truth) else LISTED

    def spoil(rows: list[str], at: int) -> str:
        return written(rows[at], draw.choice(names), draw.choice(TEXTS))

    return _in_some_rows(draw, met.truth, spoil)


def _zero(draw: random.Random, met: _Met) -> Answer:
    def spoil(rows: list[str], at: int) -> str:
        if not _is_history(met.truth):
            return written(rows[at], "marketCap", ZERO)
        row, name = written(rows[at], draw.choice(PRICES), ZERO), draw.choice(NUMBERS[-2:])
        around = [*rows[max(at - 1, 0) : at], *rows[at + 1 : at + 2]]
        is_odd = len(around) == 2 and not any(f'"{name}":{ZERO}' in one for one in around)
        return written(row, name, ZERO) if is_odd and draw.random() < 0.5 else row

    return _in_some_rows(draw, met.truth, spoil)


def _order(draw: random.Random, met: _Met) -> Answer:
    rows = list(met.truth.rows or ())
    draw.shuffle(rows)
    is_same = rows == met.truth.rows
    return replace(met.truth, rows=rows[::-1] if is_same else rows) if rows else met.truth


def _dropped_key(draw: random.Random, met: _Met) -> Answer:
    if draw.random() < 0.5:
        return replace(met.truth, rows=None)
    names = (*PRICES, "timeOpen") if _is_history(met.truth) else ("id", "symbol", "quotes")

    def spoil(rows: list[str], at: int) -> str:
        return written(rows[at], draw.choice(names), None)

    return _in_some_rows(draw, met.truth, spoil)


WAYS: Mapping[StormKind, Callable[[random.Random, _Met], Response | Answer | None]] = {
    "429": lambda draw, met: page(429),
    "5xx": _5xx,
    "reset": _reset,
    "truncated": _truncated,
    "html": lambda draw, met: page(),
    "error_code": _error_code,
    "other_coin": lambda draw, met: met.other(draw),
    "null_fields": _null_fields,
    "zero": _zero,
    "text": _text,
    "order": _order,
    "empty_object": lambda draw, met: Response(draw.choice(("{}", "[]", "null", '"OK"'))),
    "dropped_key": _dropped_key,
}
