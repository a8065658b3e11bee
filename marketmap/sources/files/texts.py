"""Symbols and names of a file."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from marketmap.errors import DataError


def read_symbols(column: Any, name: str, path: Path) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the symbols in order, and of each row the place of its symbol among them."""
    texts = _as_text(column, name, path)
    unknown = pc.or_kleene(pc.is_null(texts), pc.equal(texts, ""))
    rows = np.flatnonzero(unknown.to_numpy(zero_copy_only=False))
    if len(rows):
        where = "no row has one" if len(rows) == len(texts) else f"row {rows[0] + 1} has none"
        raise DataError(f"{path}: column {name}: {where}, expected text in every row")
    encoded = texts.dictionary_encode()
    symbols = encoded.dictionary.to_pylist()
    order = np.array(sorted(range(len(symbols)), key=symbols.__getitem__))
    places = np.empty(len(symbols), dtype=np.int64)
    places[order] = np.arange(len(symbols))
    return [symbols[place] for place in order], places[encoded.indices.to_numpy()]


def read_texts(
    column: Any | None, rows: npt.NDArray[np.int64], name: str, path: Path
) -> npt.NDArray[np.object_]:
    """Return the texts of some rows of a column; None where there is none."""
    if column is None:
        return np.full(len(rows), None, dtype=object)
    return np.asarray(
        _as_text(column, name, path).take(pa.array(rows)).to_numpy(zero_copy_only=False)
    )


def _as_text(column: Any, name: str, path: Path) -> Any:
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:
        raise DataError(f"{path}: column {name}: {column.type}, expected text") from None
