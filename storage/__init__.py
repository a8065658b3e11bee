"""storage: the working database, its published copy, and everything that is read from it.

A flow writes through :class:`Database`, and keeps what sources sent in an :class:`Archive`.
Everybody else reads the published copy, through :func:`query`, :func:`load` and :func:`load_run`,
or with any DuckDB client.
"""

import lazy_loader

# A query needs none of what a map is made with: each name is imported at its first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
