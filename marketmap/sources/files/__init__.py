"""Tables of prices in files, as a source like any other."""

from marketmap.sources.files.source import Files

__all__ = ["Files"]
