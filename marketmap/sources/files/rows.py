"""The rows of a file in order: which of them are of use, and which contradict each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from marketmap.days import Days, Stamps, check_daily
from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES
from marketmap.sources.files.numbers import Floats

Mask = npt.NDArray[np.bool_]


class Dispute(NamedTuple):
    """Rows of an asset and a day that contradict each other, and how, in a sentence."""

    symbol: str
    day: date
    detail: str


class Chosen(NamedTuple):
    """Which rows are of use, and what is to be said of the others."""

    keep: Mask
    notes: tuple[str, ...]
    disputes: tuple[Dispute, ...]


@dataclass(frozen=True, eq=False)
class Rows:
    """All rows of a file in order of symbol and day; ``codes`` are places among the symbols."""

    path: Path
    symbols: list[str]
    codes: npt.NDArray[np.int64]
    stamps: Stamps
    values: dict[str, Floats]

    @property
    def days(self) -> Days:
        """The day that each row's stamp names."""
        return self.stamps.days

    def choose(self, today: date, duplicates: Literal["last", "refuse"] | None) -> Chosen:
        """Return which rows are of use, and in sentences which are not.

        Raises
        ------
        DataError
            A number is infinite, a day lies in the future, bars are intraday, rows contradict each
            other as they must not, or nothing is left.
        """
        self._refuse_infinite()
        self._refuse_future(today)
        running = self.days >= np.datetime64(today, "D")
        empty = ~running & np.isnan(self.values["close"])
        usable = np.flatnonzero(~running & ~empty)
        if not len(usable):
            raise DataError(f"{self.path}: no row has a close on a day before {today}")
        check_daily(
            self.stamps.take(usable),
            self.codes[usable],
            lambda row: f"{self.path}: {self._symbol(usable[row])}",
        )
        keep, disputed = self._once(usable, last=duplicates == "last")
        disputes: tuple[Dispute, ...] = ()
        if duplicates != "last":
            disputes = tuple(self._disputes(disputed))
            self._refuse_disputes(disputes, all_of_them=duplicates == "refuse")
        is_usable = np.isin(np.arange(len(self.codes)), usable)
        again = is_usable & ~keep & ~disputed
        replaced = is_usable & ~keep & disputed if duplicates == "last" else ~is_usable & keep
        notes = [
            self._note(again, "exact duplicate row{s} on {days} {were} dropped"),
            self._note(replaced, "row{s} on {days} {were} replaced by a later one that differs"),
            self._note(running, "row{s} of the running day, {days}, {were} left out"),
            self._note(empty, "row{s} without a close on {days} {were} left out"),
            self._without_close(usable),
        ]
        return Chosen(keep, tuple(note for note in notes if note), disputes)

    def _symbol(self, row: Any) -> str:
        return self.symbols[int(self.codes[row])]

    def _where(self, row: Any) -> str:
        return f"{self.path}: {self._symbol(row)} on {self.days[row]}"

    def _refuse_infinite(self) -> None:
        for name, column in self.values.items():
            infinite = np.flatnonzero(np.isinf(column))
            if len(infinite):
                where = self._where(infinite[0])
                raise DataError(f"{where}: {name} is infinite, expected a number")

    def _refuse_future(self, today: date) -> None:
        # East of Greenwich a day begins before it does in UTC.
        latest = np.datetime64(today, "D") + self.stamps.is_local
        future = np.flatnonzero(self.days > latest)
        if len(future):
            raise DataError(
                f"{self._where(future[0])}: this day lies in the future; expected days up to "
                f"{today}"
            )

    def _once(self, rows: npt.NDArray[np.int64], *, last: bool) -> tuple[Mask, Mask]:
        """Return one row of each asset and day, and which rows are of days in dispute.

        Of those, the last one is returned, or none.
        """
        codes, days = self.codes[rows], self.days[rows]
        same = np.zeros(len(rows), dtype=bool)
        same[1:] = (codes[1:] == codes[:-1]) & (days[1:] == days[:-1])
        groups = np.cumsum(~same) - 1
        differs = np.zeros(len(rows), dtype=bool)
        for column in self.values.values():
            before, after = column[rows[:-1]], column[rows[1:]]
            differs[1:] |= (before != after) & ~(np.isnan(before) & np.isnan(after))
        is_disputed = np.zeros(groups[-1] + 1, dtype=bool)
        is_disputed[groups[same & differs]] = True
        is_first, is_last = ~same, np.append(~same[1:], True)
        chosen = np.where(is_disputed[groups], is_last & last, is_first)
        keep = np.zeros(len(self.codes), dtype=bool)
        disputed = keep.copy()
        keep[rows[chosen]] = True
        disputed[rows[is_disputed[groups]]] = True
        return keep, disputed

    def _disputes(self, disputed: Mask) -> Iterator[Dispute]:
        rows = np.flatnonzero(disputed)
        new = np.flatnonzero(
            np.diff(self.codes[rows], prepend=-1).astype(bool)
            | np.diff(self.days[rows].astype(int), prepend=0).astype(bool)
        )
        for group in np.split(rows, new[1:]) if len(rows) else []:
            # Closes first: they are what a map is made of.
            for name in ("close", *PRICE_VALUES):
                told = dict.fromkeys(str(value) for value in self.values[name][group])
                if len(told) > 1:
                    detail = f"two rows that differ ({name} is {' and '.join(told)})"
                    yield Dispute(self._symbol(group[0]), self.days[group[0]].item(), detail)
                    break

    def _refuse_disputes(self, disputes: tuple[Dispute, ...], *, all_of_them: bool) -> None:
        if not disputes:
            return
        first, n_assets = disputes[0], len(set(self.codes.tolist()))
        n_disputed = len({dispute.symbol for dispute in disputes})
        if all_of_them or 2 * n_disputed > n_assets:
            raise DataError(
                f"{self.path}: {first.symbol} on {first.day}: {first.detail}, expected one row "
                f"per asset and day ({n_disputed} of {n_assets} assets have such days); "
                "source.duplicates: last takes the later row"
            )

    def _without_close(self, usable: npt.NDArray[np.int64]) -> str | None:
        lost = np.setdiff1d(self.codes, self.codes[usable])
        if not len(lost):
            return None
        names = _some([self.symbols[code] for code in lost])
        return f"{self.path.name}: no day has a close of {names}."

    def _note(self, rows: Mask, sentence: str) -> str | None:
        count = int(rows.sum())
        if not count:
            return None
        days = _some([str(day) for day in np.unique(self.days[rows])])
        s, were = ("", "was") if count == 1 else ("s", "were")
        return f"{self.path.name}: {count} {sentence.format(s=s, days=days, were=were)}."


def _some(words: list[str]) -> str:
    """Name up to three words, and say how many more there are."""
    more = len(words) - 3
    return ", ".join(words[:3]) + (f" and {more} more" if more > 0 else "")
