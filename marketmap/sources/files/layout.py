"""Which column of a file is what: long tables, wide ones, and those with two rows of names."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from marketmap.errors import DataError
from marketmap.frames import PRICE_VALUES
from marketmap.printing import plural
from marketmap.settings import FileColumn, FilesSettings

REQUIRED = ("date", "symbol", "close")
KNOWN = ("date", "symbol", "name", *PRICE_VALUES)

ALSO_CALLED = {
    "date": ("date", "datetime", "date time", "timestamp", "time"),
    "symbol": ("symbol", "ticker", "asset", "asset id", "instrument"),
    "close": ("close", "close price", "price", "adj close", "adjusted close"),
    "market_cap": ("market cap", "marketcap"),
}
"""What else columns are called, in lower case; the first that a file has is taken."""

_ADJUSTED = ("adj close", "adjusted close")
_INDEX = ("", "index level 0", "unnamed 0")
"""What tables call dates that are their index and have no name."""


@dataclass(frozen=True)
class Layout:
    """Where a file's columns stand.

    Attributes
    ----------
    names : sequence of str
        Every column's name.
    date : int
        Place of the dates.
    texts : dict of str to int
        ``symbol`` and ``name``; empty in a wide table, where columns are assets.
    blocks : dict of str to dict of str to int
        Places of numbers, by what they are: one block without a name in a long table, one per
        asset in a wide one.
    skip : int
        Rows before the first price.
    """

    names: Sequence[str]
    date: int
    texts: dict[str, int]
    blocks: dict[str, dict[str, int]]
    skip: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def is_long(self) -> bool:
        """Whether a row is of one asset, which its symbol names."""
        return "symbol" in self.texts

    @property
    def numbers(self) -> list[int]:
        """The places of numbers."""
        return [place for block in self.blocks.values() for place in block.values()]

    @property
    def places(self) -> list[int]:
        """The places of all columns that are read."""
        return [self.date, *self.texts.values(), *self.numbers]


def find_layout(
    rows: Sequence[Sequence[str]],
    are_numbers: Sequence[bool],
    settings: FilesSettings,
    path: Path,
) -> Layout:
    """Find out which column is what.

    Parameters
    ----------
    rows : sequence of sequence of str
        The row of names, and where there may be more of them, the next two.
    are_numbers : sequence of bool
        Whether a column may hold numbers, by its first value.
    settings : FilesSettings
        ``columns`` says what this cannot see.
    path : Path

    Raises
    ------
    DataError
        A column is missing, is there twice, or could be either of two.
    """
    two_levels = _two_levels(rows)
    if two_levels:
        return _by_asset(*two_levels, rows, path)
    names = list(rows[0]) if rows else []
    found = _Columns(names, settings.columns, path).found()
    if _is_wide(found, names, are_numbers):
        date = found.get("date", _index_of(names))
        assert date is not None  # noqa: S101 - a table without one is not wide
        return _wide(names, date, path)
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise DataError(f"{path}: {_missing(missing, names)}")
    numbers, notes = _without_mixture(found, names, path)
    return Layout(
        names=names,
        date=found["date"],
        texts={name: found[name] for name in ("symbol", "name") if name in found},
        blocks={"": numbers},
        notes=notes,
    )


def _missing(missing: Sequence[str], names: Sequence[str]) -> str:
    columns = "column" if len(missing) == 1 else "columns"
    if not names:
        return f"missing {columns} {', '.join(missing)}; the file has: none"
    has = ", ".join(names)
    if len(names) == 1:
        hint = "source.separator says what separates them"
        return f"missing {columns} {', '.join(missing)}; the file has: {has}; {hint}"
    hint = f"source.columns names what is called otherwise, such as columns: {{{missing[0]}: X}}"
    return f"missing {columns} {', '.join(missing)}; the file has: {has}; {hint}"


def plain(name: str) -> str:
    """Return a column's name in lower case, with single spaces for all but letters and digits."""
    return " ".join(re.split(r"[\W_]+", name.lower())).strip()


@dataclass(frozen=True)
class _Columns:
    names: Sequence[str]
    told: Mapping[FileColumn, str]
    path: Path

    def found(self) -> dict[str, int]:
        """Return where each known column stands that is there."""
        places: dict[str, int] = {name: self._told(name, told) for name, told in self.told.items()}
        for name in KNOWN:
            if name not in places and (place := self._guess(name)) is not None:
                places[name] = place
        return places

    def _told(self, name: str, told: str) -> int:
        there = [at for at, other in enumerate(self.names) if other == told]
        if len(there) == 1:
            return there[0]
        has = ", ".join(self.names)
        what = "is there twice" if there else "is not there"
        raise DataError(
            f"{self.path}: source.columns says that {name} is {told!r}, which {what}; "
            f"the file has: {has}"
        )

    def _guess(self, name: str) -> int | None:
        taken = set(self.told.values())
        free = [at for at, other in enumerate(self.names) if other not in taken]
        exact = [at for at in free if self.names[at] == name]
        if len(exact) > 1:
            raise DataError(f"{self.path}: column {name} is there {len(exact)} times")
        if exact:
            return exact[0]
        for called in ALSO_CALLED.get(name, (name,)):
            alike = [at for at in free if plain(self.names[at]) == called]
            if len(alike) > 1:
                which = " and ".join(self.names[at] for at in alike[:2])
                raise DataError(
                    f"{self.path}: columns {which} may both be {name}; say which with "
                    f"source.columns, such as columns: {{{name}: {self.names[alike[0]]}}}"
                )
            if alike:
                return alike[0]
        return None


def _without_mixture(
    found: Mapping[str, int], names: Sequence[str], path: Path
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the places of numbers; with adjusted closes, not those of unadjusted prices."""
    numbers = {name: found[name] for name in PRICE_VALUES if name in found}
    if plain(names[numbers["close"]]) not in _ADJUSTED:
        return numbers, ()
    left = [name for name in ("open", "high", "low") if numbers.pop(name, None) is not None]
    if not left:
        return numbers, ()
    note = (
        f"{path.name}: closes are those of column {names[numbers['close']]}; "
        f"{', '.join(left)}, which are not adjusted, were left out."
    )
    return numbers, (note,)


def _is_wide(found: Mapping[str, int], names: Sequence[str], are_numbers: Sequence[bool]) -> bool:
    date = found.get("date", _index_of(names))
    if date is None or "symbol" in found or "close" in found:
        return False
    others = [at for at in range(len(names)) if at != date]
    # Tickers such as LOW and OPEN are words for prices, too.
    known = sum(at in found.values() for at in others)
    return len(others) > 1 and 2 * known < len(others) and all(are_numbers[at] for at in others)


def _index_of(names: Sequence[str]) -> int | None:
    unnamed = [at for at, name in enumerate(names) if plain(name) in _INDEX]
    return unnamed[0] if len(unnamed) == 1 else None


def _wide(names: Sequence[str], date: int, path: Path) -> Layout:
    unnamed = [at for at, name in enumerate(names) if plain(name) in _INDEX and at != date]
    blocks = {
        name: {"close": at} for at, name in enumerate(names) if at != date and at not in unnamed
    }
    for name in blocks:
        if names.count(name) > 1:
            raise DataError(f"{path}: column {name} is there {names.count(name)} times")
    note = f"{path.name}: {plural(len(unnamed), 'column')} without a name left out."
    return Layout(names, date, {}, blocks, notes=(note,) if unnamed else ())


def _two_levels(
    rows: Sequence[Sequence[str]],
) -> tuple[list[str], list[str]] | None:
    """Return what each column holds and of which asset, where two rows of names say so."""
    if len(rows) < 2 or not all(len(row) == len(rows[0]) > 1 for row in rows[:2]):
        return None
    if re.search(r"\d", rows[1][0]):  # a date: the second row is one of prices
        return None
    first, second = (_filled(row[1:]) for row in rows[:2])
    if _are_fields(first) != _are_fields(second):
        fields, assets = (first, second) if _are_fields(first) else (second, first)
        return (fields, assets) if all(assets) else None
    return None


def _filled(cells: Sequence[str]) -> list[str]:
    """Repeat a name in the empty cells behind it, over which it was merged."""
    filled: list[str] = []
    for cell in cells:
        filled.append(cell or (filled[-1] if filled else ""))
    return filled


def _are_fields(cells: Sequence[str]) -> bool:
    prices = {*(plain(name) for name in PRICE_VALUES), *ALSO_CALLED["close"], "dividends"}
    kinds = {plain(cell) for cell in cells}
    return kinds <= {*prices, "stock splits", "capital gains"}


def _by_asset(
    fields: Sequence[str], assets: Sequence[str], rows: Sequence[Sequence[str]], path: Path
) -> Layout:
    blocks: dict[str, dict[str, int]] = {}
    notes: set[str] = set()
    for asset in dict.fromkeys(assets):
        own = [at for at, name in enumerate(assets) if name == asset]
        names = [fields[at] for at in own]
        found = _Columns(names, {}, path).found()
        if "close" not in found:
            raise DataError(f"{path}: {_missing(['close'], [f'{asset} {name}' for name in names])}")
        numbers, said = _without_mixture(found, names, path)
        blocks[asset] = {name: own[at] + 1 for name, at in numbers.items()}
        notes.update(said)
    has_third = len(rows) > 2 and not any(rows[2][1:]) and not re.search(r"\d", rows[2][0])
    labels = [rows[0][0], *(f"{a} {f}" for a, f in zip(assets, fields, strict=True))]
    return Layout(labels, 0, {}, blocks, skip=3 if has_third else 2, notes=tuple(sorted(notes)))


def pair_of(name: str) -> tuple[str, str] | None:
    """Return both names of a Parquet column that pandas wrote with two: ``('Close', 'AAPL')``."""
    if not re.fullmatch(r"\(['\"].*\)", name):
        return None
    try:
        pair = ast.literal_eval(name)
    except (ValueError, SyntaxError):
        return None
    return (str(pair[0]), str(pair[1])) if isinstance(pair, tuple) and len(pair) == 2 else None
