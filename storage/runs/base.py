"""A run as it comes out of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from marketmap.agreement.base import Recovery
from marketmap.run import MapRun


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A run as it was stored.

    Attributes
    ----------
    run : MapRun
        The matrices of its structure are read, or fitted again, when they are asked for.
    created_at : datetime
        When it was made, in UTC.
    versions : mapping of str to str
        Of Python and the libraries that made it.
    recovery : Recovery or None
        Of simulated markets only; what has one can never be taken for a real market.
    """

    run: MapRun
    created_at: datetime
    versions: Mapping[str, str]
    recovery: Recovery | None = None
