"""Prices from a CSV or Parquet file."""
