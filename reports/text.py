"""Words and numbers as a page shows them, and strangers' names made harmless."""

from collections.abc import Mapping
from html import escape

import pandas as pd

from marketmap.printing import printable

NAME_WIDTH = 60

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def plotly_text(text: str) -> str:
    """Escape a name for plotly, which reads its labels as HTML with live links."""
    return escape(text, quote=False)


def shorten(text: str, width: int) -> str:
    """Cut a text to ``width`` characters and say by an ellipsis that it was cut."""
    return text if len(text) <= width else text[: width - 1] + ELLIPSIS


def shown(name: str, width: int = NAME_WIDTH) -> str:
    """Return a stranger's name as a page shows it: not too wide, and turning no text around it."""
    return shorten(printable(str(name)), width)


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign, a true minus included."""
    return f"{value:+.{digits}f}".replace("-", MINUS)


def number(value: float, digits: int = 4) -> str:
    """Write a number with so many significant digits, as ``0.0123``, ``1,234`` or ``1.2e-09``."""
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        text = f"{value:.{digits - 1}e}"
    elif abs(value) >= 10 ** (digits - 1):
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{digits}g}"
    return text.replace("-", MINUS, 1) if value < 0 else text


def percent(share: float, digits: int = 1) -> str:
    """Write a share as a percentage; one that is small is never written as none, nor most as all.

    Examples
    --------
    >>> percent(0.6667), percent(0.0004), percent(0.9996), percent(1.0)
    ('66.7 %', 'under 0.1 %', 'over 99.9 %', '100.0 %')
    """
    least = 10.0**-digits
    text = f"{share * 100:.{digits}f}"
    if 0 < share < 1 and float(text) in (0.0, 100.0):
        return f"under {least:.{digits}f} %" if share < 0.5 else f"over {100 - least:.{digits}f} %"
    return f"{text} %".replace("-", MINUS)


def change(factor: float) -> str:
    """Write what became of a price: ``+12 %``, ``-84 %`` (with a true minus), ``x 23``."""
    if factor >= 10:
        return f"\N{MULTIPLICATION SIGN}{factor:,.0f}"
    points = round((factor - 1) * 100)
    return f"{points:+d} %".replace("-", MINUS) if points else "0 %"


def told_sources(counts: Mapping[str, int]) -> str:
    """Write how many assets come from where: ``coinmarketcap``, or ``a (98), b (2)``."""
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def asset_labels(assets: pd.DataFrame) -> "pd.Series[str]":
    """Return each asset's label: its symbol, with its id where two assets share that symbol."""
    symbols = assets["symbol"].astype("str").map(shown)
    ids = assets.index.to_series().astype("str").map(shown)
    return symbols.where(~symbols.duplicated(keep=False), symbols + " (" + ids + ")")
