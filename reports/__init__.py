"""reports: a stored map becomes one HTML page that opens offline."""

from reports.page import render, write_report

__all__ = ["render", "write_report"]
